import abc
import math
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ..data import Outcome


class AbstractModel(eqx.Module):
    """A compact model with a likelihood; what `fit` needs of it.

    Its physical parameters are quantities of the module itself; their ranges are the
    bounds of the fit.
    """

    @property
    @abc.abstractmethod
    def free(self) -> tuple[str, ...]:
        """Names of the quantities that `fit` adjusts if it is not told otherwise."""

    @abc.abstractmethod
    def log_likelihood(self, statistics: Any) -> Float[Array, ""]:
        """Log-likelihood of the data, up to a constant that no parameter enters."""

    @abc.abstractmethod
    def log_prior(self) -> Float[Array, ""]:
        """Log-density of the weak prior that keeps a fit finite; zero if there is none."""

    @abc.abstractmethod
    def identified(self, statistics: Any) -> Any:
        """What is known before the fit: an `Outcome`, successful if nothing is wrong."""

    @property
    @abc.abstractmethod
    def curve(self) -> tuple[str, ...]:
        """Names of the quantities that move the mean curve, for degrees of freedom."""

    @abc.abstractmethod
    def residuals(
        self, statistics: Any
    ) -> tuple[Float[Array, " points"], Bool[Array, " points"]]:
        """Standardised residuals of the mean curve by pulse, and which of them count."""


def log_normal(
    value: Float[Array, ""], median: float, deviation: float
) -> Float[Array, ""]:
    """Logarithm of a log-normal density in `ln value`, up to a constant."""
    return -0.5 * ((jnp.log(value) - math.log(median)) / deviation) ** 2


def first(*outcomes: tuple[Any, Any]) -> Any:
    """The outcome of the first condition that holds, `Outcome.successful` if none does."""
    result = Outcome.successful
    for condition, outcome in reversed(outcomes):
        result = Outcome.where(jnp.asarray(condition), outcome, result)
    return result
