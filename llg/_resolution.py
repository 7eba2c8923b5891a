"""What an axial solution refuses, and how many Legendre modes resolve it."""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from ._axial import AxialColumns
from ._modes_needed import check_modes
from ._numbers import known
from ._system import System


# Few, so that a changed value seldom compiles again.
_SIZES = (121, 161, 201, 261, 341, 441, 581, 781)


def extent(
    system: System, columns: AxialColumns, voltage: Float[Array, "*pulses"]
) -> dict[str, Float[Array, ""]]:
    r"""The extremes over the columns that decide about a solution.

    `steepness` is the largest $\Delta (1 + |u|)$ under any of the source voltages.
    """
    largest = jnp.max(jnp.abs(voltage))
    volts = jnp.abs(system.circuit.junction_voltage(-1.0, largest))
    bias = jnp.abs(columns.field) + jnp.sum(jnp.abs(columns.coupling), 1)
    bias = bias + jnp.abs(columns.overdrive) * volts
    return {
        "alpha": jnp.min(system.alpha),
        "temperature": jnp.min(system.temperature),
        "barrier": jnp.min(columns.delta),
        "steepness": jnp.max(columns.delta * (1 + bias)),
    }


def chosen_modes(found: dict[str, Any] | None, modes: int | None) -> int:
    """`modes`, or as many as resolve what `extent` has found; refuses what they cannot.

    `found` may be None or traced: nothing of it is checked then.
    """
    values = {} if found is None else {name: known(x) for name, x in found.items()}
    for name, unit in (("temperature", "K"), ("alpha", "1")):
        value = values.get(name)
        if value is not None and not value > 0:
            raise ValueError(
                f"`{name}` must be > 0 [{unit}] for a Fokker-Planck solution, "
                f"got {value:g}."
            )
    barrier, steepness = (values.get(name) for name in ("barrier", "steepness"))
    if barrier is not None and not barrier > 0:
        raise ValueError(
            "`device` must have its easy axis along z, got a barrier of "
            f"{barrier:.3g} k_B T."
        )
    if modes is not None:
        check_modes(modes, steepness)
        return modes
    if steepness is None:
        raise ValueError(
            "`modes` must be given where the device or the pulses are traced by `jit` or "
            "`vmap`; `llg.modes_for` suggests a number."
        )
    wanted = 11 * float(steepness) ** 0.5 + 20
    for size in _SIZES:
        if size >= wanted:
            return size
    raise ValueError(
        f"`modes` must be given beyond {_SIZES[-1]}, which this drive and stability ask "
        f"for, got {wanted:.0f} by the rule."
    )
