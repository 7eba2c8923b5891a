import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import Outcome, require_x64
from ._model import AbstractModel, first
from ._newton import minimise
from ._transform import Coordinates, names_of, replace, values


class Fit[Model: AbstractModel](eqx.Module):
    """A fitted model with what is known about its uncertainty.

    - `model`: the model at the maximum; differentiable in the data (see `fit`).
    - `covariance`: inverse of the observed information, in the units of the free
      quantities, in the order of `names`; NaN where it does not exist.
    - `log_likelihood`: at the maximum, up to a constant of the data.
    - `chi_square`, `degrees`: goodness of the mean curve and its degrees of freedom.
    - `outcome`: how it ended; only `Outcome.successful` may be trusted.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    model: Model
    covariance: Float[Array, "*batch n n"]
    log_likelihood: Float[Array, "*batch"]
    chi_square: Float[Array, "*batch"]
    degrees: Float[Array, "*batch"]
    outcome: Any

    @property
    def aic(self) -> Float[Array, "*batch"]:
        """Akaike's criterion, less is better; only between models of the same data."""
        return 2 * len(self.names) - 2 * self.log_likelihood

    def bic(self, observations: int) -> Float[Array, "*batch"]:
        """Schwarz's criterion, for the number of independent observations."""
        return len(self.names) * math.log(observations) - 2 * self.log_likelihood

    @property
    def standard_error(self) -> Model:
        """Standard errors, shaped like the model; zero for what was held fixed."""
        errors = jnp.sqrt(jnp.diagonal(self.covariance, axis1=-2, axis2=-1))
        zeros = jax.tree.map(jnp.zeros_like, self.model)
        return eqx.tree_at(
            lambda m: [getattr(m, name) for name in self.names],
            zeros,
            [errors[..., i] for i in range(len(self.names))],
        )


def fit[Model: AbstractModel](
    model: Model, statistics: Any, *, free: tuple[str, ...] | None = None
) -> Fit[Model]:
    r"""Maximum-likelihood fit of a compact model, differentiable in the data.

    The free quantities are moved to unbounded coordinates $u$ (their ranges are the
    bounds), and Newton's method finds the root of the score $s(u, x) = 0$ of the
    log-likelihood plus the model's own weak prior, if it has one. The result carries the
    derivative of that root by the implicit function theorem,

    $$\frac{du}{dx} = -\Big(\frac{\partial s}{\partial u}\Big)^{-1}
    \frac{\partial s}{\partial x},$$

    for every floating array $x$ of `statistics` and every quantity of `model` that is
    held fixed. Start values of free quantities carry no derivative, neither does the
    covariance; derivatives of higher order are not those of the root.

    It works eagerly, under `jit`, `vmap` and `grad`, and compiles once for each kind of
    model and shapes of data.

    **Arguments:**

    - `model`: A model at start values, such as `SwitchingProbability.start(switching)`.
    - `statistics`: The data that the model has a likelihood for.
    - `free`: Names of the quantities to fit; `None` is the model's own choice.

    **Returns:** a `Fit`. Its `outcome` is `no_maximum` if the data are separable (the
    values are then a point on the way to infinity), `singular` if a direction is free: a
    standard error above 5 in logarithmic coordinates, or information that is singular to
    rounding, `not_converged` if the score has no root within the steps.
    """
    require_x64("`compact.fit`")
    return _fit(model, statistics, names_of(model, free))


@eqx.filter_jit
def _fit(model: AbstractModel, statistics: Any, names: tuple[str, ...]) -> Fit:
    double = lambda x: x.astype(float) if eqx.is_inexact_array(x) else x
    model, statistics = jax.tree.map(double, (model, statistics))
    held = jax.lax.stop_gradient
    coordinates = Coordinates.at(model, names)

    def objective(u, model, statistics):
        at = replace(model, names, coordinates.to_physical(u))
        return -at.log_likelihood(statistics) - at.log_prior()

    constant = _held(model), _held(statistics)
    start = held(coordinates.to_unbounded(values(model, names)))
    u, information, converged = held(minimise(lambda u: objective(u, *constant), start))
    # The last Newton step, at held information: its value is rounding, its derivative
    # that of the root.
    score = jax.grad(objective)(u, model, statistics)
    usable = jnp.all(jnp.isfinite(information)) & jnp.all(jnp.isfinite(held(score)))
    safe = jnp.where(usable, information, jnp.eye(len(names)))
    eigenvalues, q = jnp.linalg.eigh(safe)
    floor = 1e-14 * jnp.max(jnp.abs(eigenvalues))
    definite = usable & (eigenvalues[0] > floor)
    inverse = (q / jnp.where(eigenvalues > floor, eigenvalues, jnp.inf)[None, :]) @ q.T
    step = inverse @ score
    u = u - jnp.where(converged, step, step - held(step))

    at = replace(model, names, coordinates.to_physical(u))
    slope = jnp.diagonal(jax.jacfwd(coordinates.to_physical)(held(u)))
    covariance = jnp.where(definite, inverse * slope[:, None] * slope[None, :], jnp.nan)
    error = jnp.sqrt(jnp.diagonal(inverse))
    residual, counts = at.residuals(statistics)
    chi_square = jnp.sum(jnp.where(counts, residual**2, 0.0))
    adjusted = sum(name in model.curve for name in names)
    outcome = first(
        (model.identified(statistics) != Outcome.successful, model.identified(statistics)),
        (~definite | (jnp.max(error) > 5.0), Outcome.singular),
        (~converged, Outcome.not_converged),
    )
    return Fit(
        names,
        at,
        held(covariance),
        at.log_likelihood(statistics),
        chi_square,
        jnp.maximum(jnp.sum(counts) - float(adjusted), 0.0),
        outcome,
    )


def _held(tree: Any) -> Any:
    return jax.tree.map(
        lambda x: jax.lax.stop_gradient(x) if eqx.is_inexact_array(x) else x, tree
    )
