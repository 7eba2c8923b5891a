import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._junction import Source
from ._system import System
from ._trajectory import Trajectory


class PulseEnergy(eqx.Module):
    """What a pulse costs.

    - `source`: energy that the source gives [J].
    - `junction`: the part that the junction takes [J]; wires and selector take the rest.
    """

    source: Float[Array, ""]
    junction: Float[Array, ""]


def pulse_energy(system: System, path: Trajectory) -> PulseEnergy:
    r"""Energy of the pulse of a trial, $\int V I\, dt$ over its states (trapezoidal rule).

    Electrical only, without the charge of the capacitor. A source of current has no
    series resistance to feed. A spin-orbit line takes $\int V^2 dt / R$ on its own, see
    `HeavyMetal.resistance`.

    **Arguments:**

    - `path`: From `llg.trajectory` with `every=1`, to the end of the pulse.
    """
    circuit = system.circuit
    voltage = circuit.junction_voltage(path.cosine, path.voltage)
    current = circuit.current(path.cosine, voltage)
    across = voltage if circuit.source is Source.CURRENT else path.voltage
    integrate = lambda power: jnp.trapezoid(power, path.time)
    return PulseEnergy(integrate(across * current), integrate(voltage * current))
