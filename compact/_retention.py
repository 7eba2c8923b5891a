import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..data import quantity, Scalar


_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(48)
_WEIGHTS = _WEIGHTS / np.sum(_WEIGHTS)


class RetentionDrift(eqx.Module):
    r"""Drift of a held level: grains whose barriers are spread relax one by one.

    A grain with barrier $\Delta_g \sim N(\Delta, \sigma^2)$ flips both ways at the rate
    $f_0 e^{-\Delta_g}$, so the reversed fraction goes to the equilibrium one,

    $$f(t) = f_\infty + (f - f_\infty)\, E\big[e^{-2 f_0 t e^{-\Delta_g}}\big],$$

    nearly linearly in $\ln t$ over as many decades as the barriers span. In a stack with
    stray fields `equilibrium` is not one half.
    """

    stability: Scalar = quantity("1", above=0, doc="mean barrier of a grain over k T")
    spread: Scalar = quantity("1", lower=0, doc="deviation of the barriers over k T")
    grains: Scalar = quantity("1", above=0, doc="independent grains of a junction")
    attempt: Scalar = quantity("1/s", above=0, default=1e9, doc="attempt frequency")
    equilibrium: Scalar = quantity(
        "1", lower=0, upper=1, default=0.5, doc="reversed fraction after a very long time"
    )

    def kept(self, time: Float[Array, "*n"]) -> Float[Array, "*n"]:
        """Share of a deviation from equilibrium that is left after `time` [s]."""
        rate = 2 * self.attempt * jnp.exp(-(self.stability + self.spread * _NODES))
        left = jnp.exp(-jnp.asarray(time)[..., None] * _like(rate, time))
        return jnp.sum(_like(jnp.asarray(_WEIGHTS), time) * left, axis=-1)

    def mean(
        self, fraction: Float[Array, "*n"], time: Float[Array, "*n"]
    ) -> Float[Array, "*n"]:
        """Mean reversed fraction after `time` [s], of a level written as `fraction`."""
        return self.equilibrium + (fraction - self.equilibrium) * self.kept(time)

    def std(
        self, fraction: Float[Array, "*n"], time: Float[Array, "*n"]
    ) -> Float[Array, "*n"]:
        """Standard deviation that the drift adds, each junction with grains of its own."""
        kept, end = self.kept(time), self.equilibrium
        stays, turns = end + (1 - end) * kept, end * (1 - kept)
        variance = fraction * stays * (1 - stays) + (1 - fraction) * turns * (1 - turns)
        return jnp.sqrt(jnp.maximum(variance, 0.0) / self.grains)

    def lost(
        self,
        fraction: Float[Array, "*n"],
        time: Float[Array, "*n"],
        window: Float[Array, "*n"],
    ) -> Float[Array, "*n"]:
        """Probability that a level has left its `window` (plus or minus) after `time` [s].

        Normal about the drifted mean; `fraction` and `window` as reversed fractions.
        """
        shift = self.mean(fraction, time) - fraction
        std = jnp.maximum(self.std(fraction, time), 1e-12)
        above = jax.scipy.stats.norm.sf((window - shift) / std)
        return above + jax.scipy.stats.norm.cdf((-window - shift) / std)

    def at(
        self, temperature: Float[Array, ""], reference: Float[Array, ""] | float = 300.0
    ) -> "RetentionDrift":
        """The same grains at another `temperature` [K]; barriers themselves are kept."""
        ratio = reference / temperature
        return eqx.tree_at(
            lambda m: (m.stability, m.spread),
            self,
            (self.stability * ratio, self.spread * ratio),
        )


def _like(x: Float[Array, " nodes"], y: Array) -> Array:
    return x.reshape((1,) * jnp.ndim(y) + (-1,))
