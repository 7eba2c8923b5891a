import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..data import require_x64
from ._constants import GAMMA
from ._drives import Follows
from ._kinds import check_kinds
from ._numbers import known
from ._pulse import Pulse
from ._system import System
from ._trajectory import check_unit


def rate(
    system: System, m: Float[Array, "spins 3"], source: Float[Array, ""] | float
) -> Float[Array, "spins 3"]:
    """Rate of change of `m` without noise [1/s] at a source voltage; see `System`."""
    cosine = system.weight @ (m @ system.polariser)
    voltage = system.circuit.junction_voltage(cosine, jnp.asarray(source))
    drive = (system.torque * voltage)[:, None] * jnp.cross(system.polariser[None], m)
    amplitude = {
        Follows.VOLTAGE: voltage,
        Follows.CURRENT: system.circuit.current(cosine, voltage),
        Follows.SOURCE: jnp.asarray(source),
    }
    for more in system.drives:
        drive = drive + more.field(m, amplitude[more.follows])
    precession = jnp.cross(m, system.field(m) + drive)
    alpha = system.alpha[:, None]
    damping = alpha * jnp.cross(m, precession)
    return -GAMMA / (1 + alpha**2) * (precession + damping)


def deterministic(
    system: System,
    m0: Float[Array, "spins 3"],
    times: Float[Array, " times"],
    pulse: Pulse | None = None,
    *,
    tolerance: float = 1e-10,
    adjoint: diffrax.AbstractAdjoint | None = None,
) -> Float[Array, "times spins 3"]:
    """Magnetisations without thermal noise, by an adaptive scheme of eighth order.

    Dormand and Prince's method, through diffrax; needs float64. Its derivative is that
    of the steps taken: in reverse mode, or with `adjoint=diffrax.ForwardMode()` in
    forward mode.

    **Arguments:**

    - `system`: Spins, energies, damping and torque; the temperature is ignored.
    - `m0`: Unit magnetisations at time 0, shape `(spins, 3)`.
    - `times`: Increasing times >= 0, shape `(times,)` [s].
    - `pulse`: Starts at time 0; none is no voltage.
    - `tolerance`: Relative and absolute error of a step.
    - `adjoint`: How diffrax differentiates; by default in reverse mode.
    """
    require_x64("The adaptive integration")
    check_kinds(
        system=(system, System, "a System, such as `device.system(sample)`"),
        pulse=(pulse, (Pulse, type(None)), "an llg.Pulse or None"),
    )
    m0, times = jnp.asarray(m0), jnp.asarray(times, float)
    check_unit(m0, system.moment.shape[0])
    _check_times(times)
    small = known(tolerance)
    if small is not None and not 0 < small < 1:
        raise ValueError(f"`tolerance` must be > 0 and < 1, got {small:g}.")
    return _integrate(system, m0, times, pulse, tolerance, adjoint)


def _check_times(times: Array) -> None:
    if times.ndim != 1 or not times.shape[0]:
        raise ValueError(
            f"`times` must be one or more, shape (times,), got shape {times.shape}."
        )
    values = known(times)
    if values is None:
        return
    if not (values[0] >= 0 and 0 < values[-1] < np.inf and np.all(np.diff(values) > 0)):
        raise ValueError(
            "`times` must rise from 0 or later, finite, and end after 0 [s], "
            f"got {np.array2string(values, threshold=6, precision=3)}."
        )


@eqx.filter_jit
def _integrate(system, m0, times, pulse, tolerance, adjoint):
    unit = jax.lax.stop_gradient(times[-1])

    def slope(t, m, _):
        source = 0.0 if pulse is None else pulse.voltage_at(t * unit)
        return unit * rate(system, m, source)

    controller = diffrax.PIDController(rtol=tolerance, atol=tolerance)
    if pulse is not None:
        corners = jax.lax.stop_gradient(jnp.sort(pulse.corners / unit))
        controller = diffrax.ClipStepSizeController(controller, jump_ts=corners)
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(slope),
        diffrax.Dopri8(),
        t0=0.0,
        t1=1.0,
        dt0=None,
        y0=m0,
        saveat=diffrax.SaveAt(ts=times / unit),
        stepsize_controller=controller,
        adjoint=diffrax.RecursiveCheckpointAdjoint() if adjoint is None else adjoint,
        max_steps=100_000,
    )
    assert solution.ys is not None
    return solution.ys
