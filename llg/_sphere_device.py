from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from ..data import Outcome, Pulses, require_x64, State
from ._checks import concrete
from ._drives import Following, Follows, SpinTorque
from ._fokker_planck import AxialDensity
from ._harmonics import harmonics, sphere_operators
from ._junction import Source
from ._resolved import resolved
from ._sphere import AffineSpin, evolve, well_of
from ._start import sign_of
from ._system import single, System


# The bound of the eigenvalues times the step; 2.8 is the end of stability.
_STEP = 2.2
_LARGEST_DEGREE = 240


class SphereFokkerPlanck(eqx.Module):
    """What pulses do to one magnet of any symmetry, without sampling.

    - `write_error_rate`: Probability to be on the side of the start, along the reference
      layer, at the end of the pulse, of the shape of the pulses.
    - `error`: Estimate of its error: the difference from a solution of a lower degree
      (and longer steps), and the rounding of float64.
    - `outcome`: Not resolved where the error is more than a tenth of the rate.
    - `mean`: Mean magnetisation at the end of the pulse, shape `(*pulses, 3)`.
    - `axial`: Moments of the component along the start, shape `(*pulses, degree + 1)`,
      see `density`.
    - `modes`, `steps`: Size of the solution.
    """

    write_error_rate: Float[Array, "*pulses"]
    error: Float[Array, "*pulses"]
    outcome: Outcome
    mean: Float[Array, "*pulses 3"]
    axial: Float[Array, "*pulses degrees"]
    modes: int = eqx.field(static=True)
    steps: int = eqx.field(static=True)

    def density(self, *index: int) -> AxialDensity:
        """Density of the component along the start after the pulse at `index`."""
        return AxialDensity(self.axial[index])


def fokker_planck_sphere(
    device: Any,
    pulses: Pulses,
    *,
    start: State = State.PARALLEL,
    degree: int | None = None,
    order: int | None = None,
    steps: int | None = None,
) -> SphereFokkerPlanck:
    r"""Error rates of one magnet in fields and torques of any direction.

    The Fokker-Planck equation in real spherical harmonics of all degrees up to `degree`:
    fields in the plane, spin-orbit torques, tilted or several axes of anisotropy, and
    anisotropies that follow the voltage. The start is the Boltzmann law without voltage
    on the hemisphere of `start` along the reference layer. Differentiable in device and
    pulses. For axial magnets `llg.fokker_planck` is faster and has no time steps.

    **Arguments:**

    - `device`: `llg.Macrospin`, `llg.SpinOrbitMacrospin`, `llg.VoltageControlledMacrospin`
        or a `System` of one spin, whose field is affine in `m`. The voltage must not
        depend on `m`: without series resistance, unless the pulse is on a line of its own.
    - `pulses`: The pulses; edges are followed in steps.
    - `start`: The well of the start.
    - `degree`: Largest degree $l$. $5.5 \sqrt{\Delta (1 + i)}$ holds about 1e-5 absolutely,
        $10 \sqrt{\Delta (1 + i)}$, the default, about 1e-9; `error` says what is held.
    - `order`: Largest order $|m|$ about the reference layer; by default all. With torque
        and axis along the reference layer and a weak field in the plane, 12 hold 1e-7.
    - `steps`: Equal time steps, static, for all pulses; by default as many as stability
        needs. `degree` and `steps` must be given where the device is traced by `jit` or
        `vmap`.
    """
    require_x64("The Fokker-Planck solution")
    sign_of(start)
    system = single(device)
    _check(system)
    spin = _affine(system, start)
    for name, value, least in (
        ("degree", degree, 3),
        ("order", order, 0),
        ("steps", steps, 1),
    ):
        if value is not None and value < least:
            raise ValueError(f"`{name}` must be >= {least}, got {value}.")
    voltage, duration = (concrete(x) for x in (pulses.voltage, _durations(pulses)))
    degree = degree_for(spin, voltage) if degree is None else degree
    order = degree if order is None else min(order, degree)
    if steps is None:
        steps = _steps_for(spin, voltage, duration, degree)
    fewer = degree - 2 * max(1, round(0.08 * degree))
    narrower = fewer if order == degree else max(1, min(fewer, order - 2))
    found = _solve(spin, pulses, sphere_operators(degree, order), degree, order, steps)
    held_spin, held_pulses = jax.tree.map(lax.stop_gradient, (spin, pulses))
    check = _solve(
        held_spin,
        held_pulses,
        sphere_operators(fewer, narrower),
        fewer,
        narrower,
        max(1, round(steps * fewer / degree)),
    )
    rate = found[0]
    held_rate = lax.stop_gradient(rate)
    rounding = 8 * np.finfo(float).eps * np.sqrt(steps)
    error = jnp.abs(held_rate - check[0]) + rounding
    turn = _turn(system.polariser * sign_of(start))
    return SphereFokkerPlanck(
        write_error_rate=rate,
        error=error,
        outcome=resolved(error < 0.1 * held_rate),
        mean=found[1] @ turn,
        axial=found[2],
        modes=harmonics(degree, order)[0].size,
        steps=steps,
    )


def degree_for(spin: AffineSpin, voltage: np.ndarray | None) -> int:
    r"""An even degree that resolves the density to about 1e-9."""
    sharp = None if voltage is None else concrete(_sharpness(spin, jnp.ravel(voltage)))
    if sharp is None:
        raise ValueError(
            "`degree` must be given where the device is traced by `jit` or `vmap`."
        )
    degree = max(24, 2 * int(np.ceil(5 * np.sqrt(sharp / 2))))
    if degree > _LARGEST_DEGREE:
        raise ValueError(
            f"`degree` must be given beyond {_LARGEST_DEGREE}, which this drive and "
            f"stability ask for, got {degree} by the rule."
        )
    return degree


def _steps_for(spin, voltage, duration, degree) -> int:
    fastest = None
    if voltage is not None:
        fastest = concrete(_fastest(spin, jnp.ravel(voltage), degree))
    if fastest is None or duration is None:
        raise ValueError(
            "`steps` must be given where the device is traced by `jit` or `vmap`."
        )
    return max(16, int(np.ceil(fastest * duration.max() / _STEP)))


@eqx.filter_jit
def _sharpness(spin, voltages):
    at = lambda v: spin.sharpness(v)
    return jnp.maximum(jnp.max(jax.vmap(at)(voltages)), at(jnp.asarray(0.0)))


@eqx.filter_jit
def _fastest(spin, voltages, degree):
    at = lambda v: spin.fastest(v, degree)
    return jnp.maximum(jnp.max(jax.vmap(at)(voltages)), at(jnp.asarray(0.0)))


def _durations(pulses):
    return pulses.mesh("width") + (pulses.mesh("rise") + pulses.mesh("fall")) / 2


def _turn(axis):
    """A rotation that takes the unit vector `axis` to z; none if it is there."""
    below = axis[2] < 0
    flip = jnp.where(below, -1.0, 1.0)
    half = jnp.stack([jnp.ones_like(flip), flip, flip])  # half a turn about x
    x, y, z = half * axis
    skew = jnp.stack(
        [
            jnp.stack([0 * x, 0 * x, -x]),
            jnp.stack([0 * x, 0 * x, -y]),
            jnp.stack([x, y, 0 * x]),
        ]
    )
    return (jnp.eye(3) + skew + skew @ skew / (1 + z)) * half[None]


def _affine(system: System, start: State) -> AffineSpin:
    """The spin in axes whose z is the side of the reference layer where it starts."""
    p = system.polariser

    def field(m, voltage):
        b = system.field(m[None]) + voltage * system.torque[:, None] * jnp.cross(p, m)[None]
        for drive in system.drives:
            b = b + drive.field(m[None], voltage)
        return b[0]

    spin = AffineSpin.of(field, system.alpha[0], system.moment[0], system.temperature)
    return spin.turned(_turn(p * sign_of(start)))


def _check(system: System) -> None:
    if system.moment.shape[0] != 1:
        raise ValueError(
            f"`device` must have one spin, got {system.moment.shape[0]}; "
            "`llg.granular_closure` serves grains."
        )
    refused = [type(term).__name__ for term in system.terms if not term.linear]
    follows, torque = False, concrete(system.torque)
    follows |= torque is None or bool(np.any(torque != 0))
    for drive in system.drives:
        fine = isinstance(drive, Following) and drive.term.linear
        if isinstance(drive, SpinTorque):
            bent = [concrete(x) for x in (drive.asymmetry, drive.field_asymmetry)]
            fine = all(x is None or x == 0 for x in bent)
        if not fine or drive.follows is Follows.CURRENT:
            refused.append(type(drive).__name__)
        follows |= drive.follows is not Follows.SOURCE
    if refused:
        raise ValueError(
            "`device` must have a field that is affine in m and in the voltage for a "
            f"Fokker-Planck solution, got {', '.join(refused)}; `llg.sweep` serves it."
        )
    resistance = concrete(system.circuit.series_resistance)
    direct = system.circuit.source is Source.VOLTAGE
    if follows and not (direct and (resistance is None or resistance == 0)):
        raise ValueError(
            "`device` must have a voltage source and a `series_resistance` of 0 [Ohm] for "
            "a Fokker-Planck solution at constant voltage; `llg.sweep` serves others."
        )
    noise = [concrete(x) for x in (system.alpha, system.temperature)]
    if any(x is not None and not np.all(x > 0) for x in noise):
        raise ValueError(
            "`alpha` and `temperature` must be > 0 for a Fokker-Planck solution."
        )


@eqx.filter_jit
def _solve(spin, pulses, operators, degree, order, steps):
    operators = jax.tree.map(jnp.asarray, operators)
    well = well_of(spin, degree, order)
    l, m = harmonics(degree, order)
    up = [np.flatnonzero((l == 1) & (m == k)) for k in (1, -1, 0)]
    points = (pulses.mesh("voltage"), pulses.mesh("rise"), pulses.mesh("fall"))
    points = [x.reshape(-1) for x in (*points, _durations(pulses))]

    def one_pulse(point):
        voltage, rise, fall, duration = point
        middle = (jnp.arange(steps) + 0.5) / steps * duration
        ramp = lambda t, edge: jnp.where(
            edge > 0, jnp.clip(t / jnp.where(edge > 0, edge, 1.0), 0.0, 1.0), 1.0
        )
        voltages = voltage * ramp(middle, rise) * ramp(duration - middle, fall)
        moments = evolve(well, spin, voltages, duration, operators)
        axial = moments[m == 0]
        mean = jnp.concatenate([moments[k] if k.size else jnp.zeros(1) for k in up])
        return AxialDensity(axial).above(0.0), mean / np.sqrt(3), axial

    rate, mean, axial = lax.map(one_pulse, points)
    shaped = lambda x: x.reshape(*pulses.shape, *x.shape[1:])
    return shaped(rate), shaped(mean), shaped(axial)
