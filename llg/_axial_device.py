from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from ..data import check_quantities, Pulses, require_x64, State
from ._axial import axial_columns
from ._escape import relaxation_rate
from ._fokker_planck import AxialDensity
from ._granular_closure import column_densities
from ._junction import Source
from ._numbers import check_count, concrete
from ._resolution import chosen_modes, extent
from ._start import sign_of
from ._system import single, System


class FokkerPlanck(eqx.Module):
    """What pulses do to one axial magnet, without sampling.

    - `write_error_rate`: Probability to be on the side of the start at the end of the
      pulse, of the shape of the pulses. Its absolute error is near 1e-12, by which it may
      be negative where it is smaller.
    - `moments`: Of the density of the component of `m` along the start direction at the
      end of the pulse, shape `(*pulses, modes)`, see `AxialDensity`.
    - `relaxation_rate`: Rate at which the wells exchange population without voltage
      [1/s]; a well empties at half of it where no field tells them apart.
    - `delta`: Thermal stability.
    - `overdrive`: Current over critical current at the voltage of each pulse.
    - `tau`: Reduced duration of each pulse.
    """

    write_error_rate: Float[Array, "*pulses"]
    moments: Float[Array, "*pulses modes"]
    relaxation_rate: Float[Array, ""]
    delta: Float[Array, ""]
    overdrive: Float[Array, "*pulses"]
    tau: Float[Array, "*pulses"]

    def density(self, *index: int) -> AxialDensity:
        """The density after the pulse at `index` of the grid."""
        return AxialDensity(self.moments[index])


def fokker_planck(
    device: Any,
    pulses: Pulses,
    *,
    start: State = State.PARALLEL,
    modes: int | None = None,
    substeps: int = 8,
) -> FokkerPlanck:
    """Error rates and densities of one axial magnet by its Fokker-Planck equation.

    The spin starts in thermal equilibrium in its well. Differentiable in device and
    pulses. Each edge of finite duration is cut into `substeps` pieces of constant
    voltage: 8 leave 1e-7 of the rate where edges are short beside the pulse, 3e-4 where
    they are all of it, and the error falls as their fourth power.

    **Arguments:**

    - `device`: `llg.Macrospin`, or a `System` of one spin. Its energy
      must be symmetric about `z`, and its series resistance zero, else the voltage
      follows the angle.
    - `pulses`: The pulses.
    - `start`: The well of the start, along the reference layer or against it.
    - `modes`: Legendre modes, odd; by default somewhat more than `modes_for` asks for.
        They must be given where device or pulses are traced by `jit` or `vmap`.
    - `substeps`: Equal pieces of each edge, and of the top, for which see
        `axial_evolve`; one more if it is odd.
    """
    require_x64("The Fokker-Planck solution")
    system = single(device)
    if system.moment.shape[0] != 1:
        raise ValueError(
            f"`device` must have one spin, got {system.moment.shape[0]}; "
            "`llg.granular_closure` serves grains."
        )
    check_quantities(pulses)
    sign_of(start)
    check_count(substeps, "substeps", 1)
    modes = _check(system, pulses, modes)
    return _solve(system, pulses, start, modes, substeps)


def _check(system: System, pulses: Pulses, modes: int | None) -> int:
    if system.circuit.source is Source.CURRENT:
        raise ValueError(
            "`source` must be llg.Source.VOLTAGE for a Fokker-Planck solution at constant "
            "voltage, got llg.Source.CURRENT."
        )
    resistance = concrete(system.circuit.series_resistance)
    if resistance is not None and resistance != 0:
        raise ValueError(
            "`series_resistance` must be 0 [Ohm] for a Fokker-Planck solution at constant "
            f"voltage, got {resistance:g}."
        )
    columns = axial_columns(system, np.zeros(1, int), 1)
    modes = chosen_modes(extent(system, columns, pulses.voltage), modes)
    crosswise = concrete(columns.crosswise)
    if crosswise is not None and not crosswise < 1e-9:
        raise ValueError(
            "`device` must have an energy that is symmetric about z, got "
            f"{crosswise:.2g} of its barrier that is not; `llg.fokker_planck_sphere` "
            "serves it."
        )
    torque, polariser = concrete(system.torque[0]), system.polariser[:2]
    aside = concrete(jnp.max(jnp.abs(polariser)))
    if torque != 0 and aside is not None and aside > 1e-9:
        raise ValueError(
            "`polariser` must be along z for an axial solution, got "
            f"{aside:.2g} across it; `llg.fokker_planck_sphere` serves it."
        )
    return modes


@eqx.filter_jit
def _solve(system, pulses, start, modes, substeps):
    columns = axial_columns(system, np.zeros(1, int), 1)
    duration = pulses.mesh("width") + (pulses.mesh("rise") + pulses.mesh("fall")) / 2
    points = [pulses.mesh(x).reshape(-1) for x in ("voltage", "width", "rise", "fall")]
    sign = sign_of(start)

    def one_pulse(point):
        density = column_densities(columns, system.circuit, sign, point, modes, substeps)
        moments = density.moments[0]
        return AxialDensity(moments).above(0.0), moments

    rate, moments = lax.map(one_pulse, points)
    delta, field = columns.delta[0], columns.field[0]
    return FokkerPlanck(
        write_error_rate=rate.reshape(pulses.shape),
        moments=moments.reshape(*pulses.shape, modes),
        relaxation_rate=relaxation_rate(delta, field) * columns.rate[0],
        delta=delta,
        overdrive=sign * columns.overdrive[0] * pulses.mesh("voltage"),
        tau=columns.rate[0] * duration,
    )
