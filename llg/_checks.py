"""What a sweep or a trajectory refuses before any long work."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..data import check_quantities, Pulses, State
from ._assemble import Assembled
from ._constants import GAMMA
from ._drives import Follows
from ._grid import TimeGrid
from ._integrator import Integrator
from ._junction import Circuit
from ._numbers import known as concrete
from ._observables import AbstractObservable, Watch
from ._pathwise import Pathwise
from ._pulse import check_form, Pulse
from ._requests import check_draws, peak
from ._score import Score
from ._step import words_per_slot


_LARGEST_ROTATION = 0.2  # of a spin by its noise in a step, in each component
# gamma B dt beyond which Heun is biased: of the stiffest mode, and with what drives it.
_LARGEST_ANGLE, _LARGEST_DRIVEN = 0.15, 0.3


def check_device(device, microstructures, pulses, waveform=None) -> None:
    """Refuses a device of other draws, and values that no module would have taken."""
    check_draws(microstructures, pulses)
    device.check(microstructures)
    width, rise, fall = (pulses.mesh(name) for name in ("width", "rise", "fall"))
    check_form(width, rise, fall, waveform)
    check_quantities((device, pulses))


def check_request(end, grid, observables, trials, gradient, start, integrator):
    kinds = (
        ("start", start, State, "a State"),
        ("integrator", integrator, Integrator, "an llg.Integrator"),
        ("gradient", gradient, (Pathwise, Score, type(None)), "an estimator or None"),
    )
    for name, value, kind, wanted in kinds:
        if not isinstance(value, kind):
            raise ValueError(f"`{name}` must be {wanted}, got {value!r}.")
    if isinstance(gradient, Score):
        if trials < 2:
            raise ValueError(f"`trials` must be >= 2 for llg.Score, got {trials}.")
    for observable in observables:
        if not isinstance(observable, AbstractObservable):
            raise ValueError(
                f"`observe` must be an observable such as llg.Level(), got {observable!r}."
            )
        if gradient is not None and observable.watches is not Watch.LEVEL:
            raise ValueError(
                f"`gradient` must be None for {type(observable).__name__}, which "
                f"carries no derivative, got {type(gradient).__name__}."
            )
        if isinstance(gradient, Pathwise) and not observable.smooth:
            raise ValueError(
                f"`gradient` must be llg.Score for {type(observable).__name__}, which "
                "counts: a path has no derivative of a count; got Pathwise."
            )
    longest, dt = concrete(jnp.max(end)), concrete(grid.dt)
    if longest is not None and not np.isfinite(longest):
        raise ValueError(f"`width` must be finite [s], got {longest:g}.")
    if longest is not None and dt is not None and longest > grid.steps * dt * (1 + 1e-6):
        raise ValueError(
            f"`steps` must be >= {int(np.ceil(longest / dt))} to hold the longest pulse, "
            f"got {grid.steps}."
        )


def check_waveform(waveform, observables, *, counted: bool) -> None:
    if waveform is None:
        return
    if counted:
        raise ValueError(
            "`waveform` must be None for the derivative of a count: longer steps would "
            f"stretch it, got {type(waveform).__name__}."
        )
    if any(observable.watches is Watch.TIME for observable in observables):
        raise ValueError(
            "`waveform` must be None for switching times, which are at a steady voltage, "
            f"got {type(waveform).__name__}."
        )


def check_breakdown(circuits: Circuit, pulses: Pulses | Pulse, waveform=None) -> None:
    """Refuses pulses that would break the junction down in its highest resistance."""
    limit = concrete(jnp.min(circuits.breakdown))
    amplitude = concrete(jnp.max(jnp.abs(pulses.voltage)) * peak(waveform))
    if limit is None or amplitude is None:
        return
    volts = concrete(jnp.max(circuits.junction_voltage(-1.0, jnp.asarray(amplitude))))
    if volts is not None and volts > limit:
        raise ValueError(
            f"`voltage` must keep the junction at or below its breakdown of {limit:g} V, "
            f"got {volts:.3g} V across it in the antiparallel state."
        )


def check_counters(grid: TimeGrid, spins: int, trials: int) -> None:
    slots = (grid.steps + grid.settle) // 2 + 3
    words = words_per_slot(spins)
    if slots * words >= 2**32 or trials >= 2**32:
        raise ValueError(
            f"`steps` must be < {2**33 // words} for {spins} spins, so that no noise "
            f"repeats, got {grid.steps}."
        )


def check_rotation(system: Assembled) -> None:
    """Refuses steps in which the noise turns the freest spin by .2 and more."""
    square = (system.rotation * system.noise) ** 2 * (1 + system.alpha**2)
    largest = concrete(jnp.max(square))
    if largest is not None and largest > _LARGEST_ROTATION**2:
        raise ValueError(
            "`dt` must be shorter by a factor of "
            f"{largest / _LARGEST_ROTATION**2:.2g} or more for the thermal rotation of the "
            f"smallest moment in a step to be <= {_LARGEST_ROTATION} rad, "
            f"got {np.sqrt(largest):.2g} rad; see `llg.step_advice`."
        )


def check_stiffness(stiffest, grid: TimeGrid) -> None:
    """Refuses a start that is not at rest (NaN), and steps too long for a stiff mode."""
    each, dt = concrete(stiffest), concrete(grid.dt)
    if each is None:
        return
    if np.any(np.isnan(each)):
        which = np.argwhere(np.isnan(np.atleast_1d(each)))[0, 0]
        raise ValueError(
            "`start` must be a stable state of the device, on its side of the reference "
            f"layer, and is not for draw {which}."
        )
    b = np.max(each)
    if dt is not None and GAMMA * b * dt > _LARGEST_ANGLE:
        raise ValueError(
            f"`dt` must be <= {_LARGEST_ANGLE / GAMMA / b:.2g} s for the stiffest mode "
            f"({b:.3g} T), got {dt:g}."
        )


@eqx.filter_jit
def _driven(systems: Assembled, source: Array) -> Array:
    """Largest field of torques and drives on a spin along or against any axis [T]."""
    m = jnp.concatenate([jnp.eye(3), -jnp.eye(3)])

    def one(system):
        largest = jnp.max(jnp.abs(system.torque)) * source
        follow = {
            Follows.VOLTAGE: source,
            Follows.CURRENT: source * system.circuit.parallel,
            Follows.SOURCE: source,
        }
        spins = system.alpha.shape[0]
        for drive in system.drives:
            field = lambda m, d=drive: d.field(
                jnp.broadcast_to(m, (spins, 3)), follow[d.follows]
            )
            largest += jnp.max(jnp.linalg.norm(jax.vmap(field)(m), axis=-1))
        return largest

    return jnp.max(jax.vmap(one)(systems))


def check_driven(systems: Assembled, stiffest, source, grid: TimeGrid) -> None:
    """Refuses steps too long for the fields that the largest source voltage makes."""
    driven = concrete(_driven(systems, source))
    still, dt = concrete(jnp.max(stiffest)), concrete(grid.dt)
    if driven is None or still is None or dt is None:
        return
    if GAMMA * (still + driven) * dt > _LARGEST_DRIVEN:
        raise ValueError(
            f"`dt` must be <= {_LARGEST_DRIVEN / GAMMA / (still + driven):.2g} s for the "
            f"stiffest mode ({still:.3g} T) and what drives it ({driven:.3g} T at the "
            f"largest voltage), got {dt:g}."
        )


def check_energy(systems, observables):
    """The line of a spin-orbit device is not in its circuit."""
    line = any(drive.follows is Follows.SOURCE for drive in systems.drives)
    if line and any(o.watches is Watch.ENERGY for o in observables):
        raise ValueError(
            "`observe` must not hold llg.Energy for a spin-orbit device, whose line takes "
            "V^2 t / R by itself, got Energy."
        )
