"""The granular closure as a control variate of a sweep."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from ..data import Pulses, State
from ._axial import axial_columns
from ._conductance import Conductance
from ._granular_closure import granular_closure
from ._grid import TimeGrid
from ._junction import Source
from ._microstructure import Microstructure
from ._sweep import sweep


class ControlledMean(eqx.Module):
    """A mean conductance whose sampling error a control has taken a part of.

    - `mean`: With the control, shape `(device, *pulses)` [S].
    - `standard_error`: Of it [S].
    - `plain`: Standard error of the mean of the same trials without the control [S];
        `(plain / standard_error)**2` is how many times more trials it would take.
    - `trials`: How many there were, without lost ones.
    """

    mean: Float[Array, "device *pulses"]
    standard_error: Float[Array, "device *pulses"]
    plain: Float[Array, "device *pulses"]
    trials: Int[Array, "device *pulses"]


def controlled_mean(
    device: Any,
    control: Any,
    microstructures: Microstructure,
    pulses: Pulses,
    grid: TimeGrid,
    *,
    key: Array,
    trials: int,
    start: State = State.PARALLEL,
    modes: int | None = None,
    substeps: int = 8,
    **how: Any,
) -> ControlledMean:
    r"""Mean conductance after pulses, with grains that do not feel each other as control.

    Both devices are swept with the same noise. What the control's trials have too much,
    against the mean that the granular closure knows exactly, is taken from the device's,
    times the slope of the regression of one on the other: the weaker the coupling between
    grains, the more of the sampling error goes. The slope is that of the same trials,
    which biases the mean by $O(1/n)$ of its standard error's $O(1/\sqrt n)$.

    **Arguments:**

    - `device`: As in `llg.sweep`.
    - `control`: The same device with its coupling taken out: one-spin axial grains without
        exchange or dipoles between them, at a series resistance of zero.
    - `microstructures`, `pulses`, `grid`, `key`, `start`: As in `llg.sweep`.
    - `trials`: Of each device; at least 3.
    - `modes`, `substeps`: As in `llg.granular_closure`.
    - `how`: More arguments of both sweeps, such as `executor`.
    """
    if trials < 3:
        raise ValueError(f"`trials` must be >= 3 for a regression, got {trials}.")
    _check(control, microstructures)
    known = granular_closure(
        control, microstructures, pulses, start=start, modes=modes, substeps=substeps
    ).levels.mean
    given: dict[str, Any] = dict(observe=Conductance(), key=key, trials=trials, start=start)
    both = [
        sweep(each, microstructures, pulses, grid, **given, **how).conductance
        for each in (device, control)
    ]
    good = ~jnp.isnan(both[0] + both[1])
    number = jnp.sum(good, -1)
    mean, free = (jnp.sum(x, -1, where=good) / number for x in both)
    y, x = (
        jnp.where(good, values - center[..., None], 0.0)
        for values, center in zip(both, (mean, free), strict=True)
    )
    spread = jnp.sum(x * x, -1)
    slope = jnp.sum(x * y, -1) / jnp.where(spread > 0, spread, 1.0)
    left = jnp.sum((y - slope[..., None] * x) ** 2, -1)
    return ControlledMean(
        mean=mean - slope * (free - known),
        standard_error=jnp.sqrt(left / (number - 2) / number),
        plain=jnp.sqrt(jnp.sum(y * y, -1) / (number - 1) / number),
        trials=number,
    )


def _check(control, microstructures) -> None:
    """Refuses what the closure does not solve exactly."""

    def one(grains):
        system = control.system(grains)
        spins, number = system.moment.shape[0], grains.fraction.shape[-1]
        if spins != number:
            raise ValueError(
                f"`control` must have one spin in a grain, got {spins} in {number} grains."
            )
        if system.circuit.source is not Source.VOLTAGE:
            raise ValueError(
                "`control` must be driven by llg.Source.VOLTAGE, got "
                f"{system.circuit.source}."
            )
        columns = axial_columns(system, np.arange(spins), number)
        worst = jnp.maximum(jnp.max(jnp.abs(columns.coupling)), columns.crosswise)
        return worst, jnp.max(system.circuit.series_resistance)

    coupled, resistance = (float(jnp.max(x)) for x in lax.map(one, microstructures))
    if not coupled < 1e-9:
        raise ValueError(
            "`control` must have axial grains without exchange or dipoles between them, "
            f"got {coupled:.2g} of an anisotropy field."
        )
    if resistance != 0:
        raise ValueError(
            f"`control` must have a `series_resistance` of 0 [Ohm], got {resistance:g}."
        )
