import enum

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, Int, PRNGKeyArray
from scipy.constants import Boltzmann

from ..data import quantity, Scalar
from ._values import Number


class RelativeTo(enum.Enum):
    """What a relative spread is a fraction of."""

    CONDUCTANCE = "the conductance of each cell"
    RANGE = "the range of the cell, from its lowest to its highest conductance"


class Spread(eqx.Module):
    """A normal spread of conductance; off by default. Serves cycles, devices and reads."""

    relative_to: RelativeTo = eqx.field(static=True)
    std: Scalar = quantity("1", lower=0, default=0.0, doc="relative standard deviation")

    def __call__(
        self,
        conductance: Float[Array, "..."],
        low: Number,
        high: Number,
        *,
        key: PRNGKeyArray,
    ) -> Float[Array, "..."]:
        """`conductance` with the spread added, at least 0 [S].

        `low` and `high` are the ends of the cell's range [S].
        """
        of_range = self.relative_to is RelativeTo.RANGE
        unit = (high - low) if of_range else conductance
        noise = self.std * unit * jr.normal(key, conductance.shape, conductance.dtype)
        return jnp.maximum(conductance + noise, 0)


class LogNormalSpread(eqx.Module):
    r"""A log-normal spread of conductance, which keeps the mean; off by default.

    $G\, e^{s z - s^2 / 2}$ with standard normal $z$: for small $s$ the relative standard
    deviation, in general $\sqrt{e^{s^2} - 1}$. No conductance becomes negative.
    """

    std: Scalar = quantity("1", lower=0, default=0.0, doc="deviation s of ln G")

    def __call__(
        self, conductance: Float[Array, "..."], *, key: PRNGKeyArray
    ) -> Float[Array, "..."]:
        """`conductance` with the spread [S]."""
        z = jr.normal(key, conductance.shape, conductance.dtype)
        return (conductance * jnp.exp(self.std * z - self.std**2 / 2)).astype(
            conductance.dtype
        )


class StateSpread(eqx.Module):
    """A spread that depends on the state, as a fitted table of levels gives it.

    Between the levels of the table its standard deviations are interpolated.
    """

    conductance: Float[Array, " levels"] = quantity("S", doc="mean of each level")
    std: Float[Array, " levels"] = quantity("S", lower=0, doc="deviation of each level")

    def __call__(
        self, conductance: Float[Array, "..."], *, key: PRNGKeyArray
    ) -> Float[Array, "..."]:
        """`conductance` with the spread added, at least 0 [S]."""
        flat = jnp.interp(conductance.ravel(), self.conductance, self.std)
        noise = flat.reshape(conductance.shape)
        noise = noise * jr.normal(key, conductance.shape, conductance.dtype)
        return jnp.maximum(conductance + noise, 0)


class Stuck(eqx.Module):
    """Cells that cannot be written; none by default."""

    parallel: Scalar = quantity(
        "1", lower=0, upper=1, default=0.0, doc="fraction stuck parallel (high)"
    )
    antiparallel: Scalar = quantity(
        "1", lower=0, upper=1, default=0.0, doc="fraction stuck antiparallel (low)"
    )

    def states(self, shape: tuple[int, ...], *, key: PRNGKeyArray) -> Int[Array, "..."]:
        """1 where a cell is stuck parallel, -1 where antiparallel, 0 elsewhere."""
        u = jr.uniform(key, shape)
        return jnp.where(u < self.parallel, 1, jnp.where(u > 1 - self.antiparallel, -1, 0))

    def __call__(
        self,
        conductance: Float[Array, "..."],
        low: Number,
        high: Number,
        *,
        key: PRNGKeyArray,
    ) -> Float[Array, "..."]:
        """`conductance` with some cells at `low` or `high` [S]."""
        state = self.states(conductance.shape, key=key)
        return jnp.where(state > 0, high, jnp.where(state < 0, low, conductance))


class Retention(eqx.Module):
    r"""Thermally activated loss of state.

    The magnetisation decays to its equilibrium,
    $G(t) = G_\infty + (G - G_\infty) e^{-t / \tau}$, $\tau = \tau_0 e^\Delta$.
    """

    stability: Scalar = quantity("1", default=60.0, doc="energy barrier over kT")
    attempt: Scalar = quantity("s", above=0, default=1e-9, doc="attempt time")

    def __call__(
        self, conductance: Float[Array, "..."], equilibrium: Number, time: Number
    ) -> Float[Array, "..."]:
        """Mean conductance [S] after `time` [s] without power."""
        kept = jnp.exp(-time / self.attempt * jnp.exp(-self.stability))
        return equilibrium + (conductance - equilibrium) * kept


class ReadOut(eqx.Module):
    r"""Noise and settling of a column's current in one conversion.

    Johnson noise of the column's conductance and amplifier noise, both white over the
    bandwidth $1 / 2t$ of an integration over the time $t$:
    $\sigma^2 = (4 k_B T G + i_n^2) / 2t$. The line settles with its time constant
    $\tau$, so the mean over the conversion is short by $\tau / t (1 - e^{-t/\tau})$.
    """

    time: Scalar = quantity("s", above=0, default=100e-9, doc="time of one conversion")
    temperature: Scalar = quantity("K", lower=0, default=0.0, doc="of the cells")
    amplifier: Scalar = quantity(
        "A/Hz^(1/2)", lower=0, default=0.0, doc="input-referred current noise"
    )
    settling: Scalar = quantity("s", lower=0, default=0.0, doc="line's time constant")

    def std(self, conductance: Float[Array, " n"]) -> Float[Array, " n"]:
        """Standard deviation of each column's current [A]; `conductance` of it [S]."""
        white = 4 * Boltzmann * self.temperature * conductance + self.amplifier**2
        return jnp.sqrt(white / (2 * self.time))

    def settled(self) -> Scalar:
        """Fraction of the final current that the conversion sees [1]."""
        some = jnp.where(self.settling > 0, self.settling, self.time)
        short = some / self.time * -jnp.expm1(-self.time / some)
        return jnp.where(self.settling > 0, 1 - short, 1.0)

    def __call__(
        self,
        currents: Float[Array, " n"],
        conductance: Float[Array, " n"],
        *,
        key: PRNGKeyArray,
    ) -> Float[Array, " n"]:
        """`currents` as the converter gets them [A]."""
        noise = self.std(conductance) * jr.normal(key, currents.shape, currents.dtype)
        return currents * self.settled() + noise
