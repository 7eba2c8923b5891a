"""How long a telegraph signal stays."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class DwellTimes(eqx.Module):
    """Times between jumps of a signal, those cut by its ends left out.

    - `high`, `low`: of the two states [s].
    """

    high: Float[Array, " highs"]
    low: Float[Array, " lows"]

    @property
    def rates(self) -> Float[Array, "2"]:
        """Rates out of the high and of the low state, one over the means [1/s]."""
        return jnp.stack([1 / jnp.mean(self.high), 1 / jnp.mean(self.low)])

    @property
    def rate_errors(self) -> Float[Array, "2"]:
        """Standard errors of `rates`, of times that are exponential."""
        counts = np.array([len(self.high), len(self.low)])
        return self.rates / np.sqrt(counts)


def dwell_times(
    time: Float[Array, " times"],
    signal: Float[Array, " times"],
    *,
    low: float = -0.5,
    high: float = 0.5,
) -> DwellTimes:
    """Dwell times of a signal with two states, on the host.

    The state changes where the signal passes the threshold on the far side: what comes
    back before is no jump.

    **Arguments:**

    - `time`, `signal`: Say `time` and `cosine` of `llg.trajectory`.
    - `low`, `high`: Thresholds.
    """
    if not low < high:
        raise ValueError(f"`low` must be < `high`, got {low} and {high}.")
    t, x = np.asarray(time), np.asarray(signal)
    sure = np.nonzero((x > high) | (x < low))[0]
    up = x[sure] > high
    jumps = np.nonzero(up[1:] != up[:-1])[0] + 1
    at, durations = t[sure[jumps]], np.diff(t[sure[jumps]])
    was_up = up[jumps[:-1]] if len(at) else np.zeros(0, bool)
    return DwellTimes(jnp.asarray(durations[was_up]), jnp.asarray(durations[~was_up]))
