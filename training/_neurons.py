import abc
import enum
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from .. import compact
from ..data import quantity, Scalar


class AbstractPairs(eqx.Module):
    """A row of neurons, each a pair of junctions at the currents I and I + dI.

    What trains a network on devices: anything that can be read, simulated or real.
    """

    step: eqx.AbstractVar[Scalar]
    """Distance of the currents of a pair [A]."""

    @abc.abstractmethod
    def read(
        self, current: Float[Array, " neurons"], key: PRNGKeyArray
    ) -> tuple[Float[Array, " neurons"], Float[Array, " neurons"]]:
        """Voltages at I and at I + dI [V]."""


class SimulatedPairs(AbstractPairs):
    r"""Pairs of one card, with what the second junction and the amplifiers get wrong.

    $$V_1 = V(I) + n_1, \quad V_2 = (1 + g) V(I + dI) + o + n_2, \quad
    V(I) = (1 + r)\, V_{card}(I - \delta)$$

    What varies from neuron to neuron, $r$ and $\delta$, both junctions of a pair share.
    A converter rounds both readings to whole steps.
    """

    neuron: compact.Neuron
    step: Scalar = quantity("A", above=0, doc="difference of the currents of a pair")
    mismatch: Float[Array, " neurons"] = quantity("1", doc="relative gain of the second")
    offset: Float[Array, " neurons"] = quantity("V", doc="offset of the second")
    noise: Scalar = quantity("V", lower=0, default=0.0, doc="deviation of one reading")
    resolution: Scalar = quantity("V", lower=0, default=0.0, doc="converter step; 0: none")
    resistance: Array = quantity("1", default=0.0, doc="relative deviation of the pair")
    shift: Array = quantity("A", default=0.0, doc="deviation of the transition")

    @classmethod
    def draw(
        cls,
        neuron: compact.Neuron,
        neurons: int,
        *,
        key: PRNGKeyArray,
        step: Any,
        mismatch: Any = 0.0,
        offset: Any = 0.0,
        noise: Any = 0.0,
        resolution: Any = 0.0,
        resistance: Any = 0.0,
        shift: Any = 0.0,
    ) -> "SimulatedPairs":
        """Pairs whose gains, offsets and variations have the deviations given."""
        pair_key, chip_key = jr.split(key)
        gain, zero = jr.normal(pair_key, (2, neurons))
        relative, moved = jr.normal(chip_key, (2, neurons))
        return cls(
            neuron=neuron,
            step=step,
            mismatch=mismatch * gain,
            offset=offset * zero,
            noise=noise,
            resolution=resolution,
            resistance=resistance * relative,
            shift=shift * moved,
        )

    def voltage(self, current: Float[Array, " neurons"]) -> Float[Array, " neurons"]:
        """Voltage of the first junctions [V], before noise and converter."""
        return (1 + self.resistance) * self.neuron.voltage(current - self.shift)

    def read(self, current, key):
        first, second = self.noise * jr.normal(key, (2, *current.shape), current.dtype)
        reached = (1 + self.mismatch) * self.voltage(current + self.step) + self.offset
        return (
            self._convert(self.voltage(current) + first).astype(current.dtype),
            self._convert(reached + second).astype(current.dtype),
        )

    def _convert(self, voltage):
        step = jnp.where(self.resolution > 0, self.resolution, 1)
        return jnp.where(self.resolution > 0, jnp.round(voltage / step) * step, voltage)


class Instrument(AbstractPairs):
    """Pairs in the world: a Python function sets currents and returns voltages.

    `measure(current, step)` gets NumPy arrays, currents of the shape `(..., neurons)`
    [A], and returns the two voltages of each pair, of the same shape [V]. It is called
    once for each layer and batch.
    """

    measure: Callable[[np.ndarray, float], tuple[Any, Any]] = eqx.field(static=True)
    step: Scalar = quantity("A", above=0, doc="difference of the currents of a pair")

    def read(self, current, key):
        kind = jax.ShapeDtypeStruct(current.shape, current.dtype)

        def measure(current, step):
            voltages = self.measure(np.asarray(current), float(np.asarray(step).flat[0]))
            first, second = (np.asarray(v, current.dtype) for v in voltages)
            if first.shape != current.shape or second.shape != current.shape:
                raise ValueError(
                    "`measure` must return two arrays of the shape of the currents, "
                    f"{current.shape}, got {first.shape} and {second.shape}."
                )
            return first, second

        return jax.pure_callback(
            measure, (kind, kind), current, self.step, vmap_method="broadcast_all"
        )


class Slope(enum.Enum):
    """The derivative that a neuron is given in the backward pass.

    - `FINITE_DIFFERENCE`: $(V_2 - V_1) / dI$, as measured.
    - `EXACT`: that of the card; for simulated pairs only.
    - `CONSTANT`: the same for all inputs: the mean slope over the swing. A control.
    - `NONE`: zero, so that what is before the neuron stays as it is. A control.
    """

    FINITE_DIFFERENCE = "finite difference"
    EXACT = "exact"
    CONSTANT = "constant"
    NONE = "none"


@eqx.filter_custom_vjp
def measured(current, pairs, key):
    """Voltage of the first junction [V]; its derivative is what the pair measures."""
    return pairs.read(current, key)[0]


@measured.def_fwd
def _forward(perturbed, current, pairs, key):
    del perturbed
    first, second = pairs.read(current, key)
    return first, (second - first) / pairs.step.astype(first.dtype)


@measured.def_bwd
def _backward(slope, g, perturbed, current, pairs, key):
    del perturbed, current, pairs, key
    return g * slope
