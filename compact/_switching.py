import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..data import Outcome, quantity, Scalar, State, Switching
from ._drive import grid, log_drive
from ._model import AbstractModel, first, log_normal
from ._start import search


# Standard-normal deviate of a device's threshold: trapezoidal nodes, whose error for a
# Gaussian is far below rounding of the likelihood.
_NODES = np.linspace(-4.5, 4.5, 49)
_WEIGHTS = np.exp(-0.5 * _NODES**2) / np.sum(np.exp(-0.5 * _NODES**2))


class SwitchingProbability(AbstractModel):
    r"""Probability that a pulse switches a junction, for one direction of writing.

    Device $d$ with threshold $V_{c0} e^{\sigma z_d}$, $z_d \sim N(0, 1)$, switches with

    $$P_d(V, t) = \frac{1}{1 + e^{-k x}}, \quad
    x = \ln\frac{|V|}{V_{c0} (1 + t_0 / t)} - \sigma z_d .$$

    The counts are binomial for each device, and its threshold is integrated out, so that
    devices which differ are not mistaken for noise. It is a description for use between
    the measured voltages and widths: the tails have the form of the logistic curve, not
    that of a physical error rate. With one device (or `spread` fixed at zero) the fit is
    pooled. The spread has a weak prior (log-normal, median .03, deviation 1.5), since few
    devices may show none.
    """

    start_state: State = eqx.field(static=True)
    pooled: bool = eqx.field(static=True)
    threshold: Scalar = quantity("V", above=0, doc="threshold of a long pulse")
    delay: Scalar = quantity("s", above=0, doc="width that doubles the threshold")
    steepness: Scalar = quantity("1", above=0, doc="slope of the log-odds in ln V")
    spread: Scalar = quantity(
        "1", lower=0, doc="device-to-device deviation of ln threshold"
    )

    @classmethod
    def start(cls, switching: Switching) -> "SwitchingProbability":
        """Start values for `fit` from the counts, by a coarse search; no derivative."""
        n = jnp.sum(switching.trials, axis=0)
        fraction = jnp.sum(switching.switched, axis=0) / jnp.maximum(n, 1)
        pooled = switching.trials.shape[0] == 1
        fraction, n = jax.lax.stop_gradient((fraction, n * 1.0))
        voltage, width = jax.lax.stop_gradient(grid(switching.pulses))

        def loss(threshold, delay, steepness):
            x = log_drive(voltage, width, switching.start, threshold, delay)
            return jnp.sum(n * (jax.nn.sigmoid(steepness * x) - fraction) ** 2)

        a, b, c = search(switching.pulses, loss)
        spread = jnp.zeros(()) if pooled else 0.3 / c
        return cls(
            switching.start, pooled, threshold=a, delay=b, steepness=c, spread=spread
        )

    @property
    def free(self) -> tuple[str, ...]:
        names = ("threshold", "delay", "steepness")
        return names if self.pooled else (*names, "spread")

    def log_odds(
        self, voltage: Float[Array, "*pulses"], width: Float[Array, "*pulses"]
    ) -> Float[Array, "*pulses"]:
        """Log-odds of switching of the median device."""
        x = log_drive(voltage, width, self.start_state, self.threshold, self.delay)
        return self.steepness * x

    def _nodes(self) -> tuple[Float[Array, " nodes"], Float[Array, " nodes"]]:
        if self.pooled:
            return jnp.zeros(1), jnp.ones(1)
        return self.steepness * self.spread * _NODES, jnp.asarray(_WEIGHTS)

    def _moments(self, voltage, width):
        shift, weight = self._nodes()
        p = jax.nn.sigmoid(self.log_odds(voltage, width)[..., None] - _like(shift, voltage))
        weight = _like(weight, voltage)
        return jnp.sum(weight * p, axis=-1), jnp.sum(weight * p**2, axis=-1)

    def probability(
        self, voltage: Float[Array, "*pulses"], width: Float[Array, "*pulses"]
    ) -> Float[Array, "*pulses"]:
        """Probability that a pulse of `voltage` [V] and `width` [s] switches some device.

        The mean over devices; differentiable. Both arguments have the same shape.
        """
        return self._moments(jnp.asarray(voltage), jnp.asarray(width))[0]

    def device_std(
        self, voltage: Float[Array, "*pulses"], width: Float[Array, "*pulses"]
    ) -> Float[Array, "*pulses"]:
        """Standard deviation of the probability between devices."""
        first_moment, second = self._moments(jnp.asarray(voltage), jnp.asarray(width))
        variance = second - first_moment**2
        return jnp.sqrt(jnp.where(variance > 1e-18, variance, 1e-18))

    def log_likelihood(self, statistics: Switching) -> Float[Array, ""]:
        odds = self.log_odds(*grid(statistics.pulses))
        shift, weight = self._nodes()
        n, k = statistics.trials, statistics.switched
        axes = tuple(range(1, n.ndim))

        def one(shift):  # log-probability of each device's counts at one threshold
            x = (odds - shift)[None]
            return jnp.sum(
                k * jax.nn.log_sigmoid(x) + (n - k) * jax.nn.log_sigmoid(-x), axis=axes
            )

        by_node = jax.vmap(one)(shift)
        return jnp.sum(jax.nn.logsumexp(by_node, axis=0, b=weight[:, None]))

    def log_prior(self) -> Float[Array, ""]:
        return jnp.zeros(()) if self.pooled else log_normal(self.spread, 0.03, 1.5)

    def identified(self, statistics: Switching):
        n, k = jnp.sum(statistics.trials, axis=0), jnp.sum(statistics.switched, axis=0)
        voltage, width = grid(statistics.pulses)
        used = n > 0
        mixed = used & (k > 0) & (k < n)
        spans = lambda x: (
            jnp.max(jnp.where(used, x, -jnp.inf)) > jnp.min(jnp.where(used, x, jnp.inf))
        )
        return first(
            (~jnp.any(mixed), Outcome.no_maximum),
            (~spans(width) | ~spans(voltage), Outcome.singular),
        )

    @property
    def curve(self) -> tuple[str, ...]:
        return "threshold", "delay", "steepness"

    def residuals(self, statistics: Switching):
        p, p2 = self._moments(*grid(statistics.pulses))
        n = statistics.trials
        between = jnp.maximum(p2 - p**2, 0.0)
        variance = jnp.sum(n * (p - p2)[None] + n**2 * between[None], axis=0)
        excess = jnp.sum(statistics.switched - n * p[None], axis=0)
        used = variance > 0.5
        return (excess / jnp.sqrt(jnp.where(used, variance, 1.0))).ravel(), used.ravel()


def _like(x: Float[Array, " nodes"], y: Array) -> Array:
    return x.reshape((1,) * jnp.ndim(y) + (-1,))
