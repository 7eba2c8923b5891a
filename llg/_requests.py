"""What a sweep or a trajectory asks for: the kinds of its arguments, before any work."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..data import Product, Pulses, require_x64, State
from ._grid import TimeGrid
from ._integrator import Integrator
from ._kinds import check_key, check_kinds, show
from ._microstructure import Microstructure
from ._numbers import check_count, known
from ._pulse import Pulse
from ._system import System
from ._waveform import AbstractWaveform, Sampled


def check_sweep(device, microstructures, pulses, grid, key, trials, dtype) -> None:
    """Refuses what no sweep can take; `sweep` and `rare_errors` call it first."""
    device = device.module if isinstance(device, Product) else device
    if isinstance(device, (System, type)) or not hasattr(device, "system"):
        raise ValueError(
            "`device` must be a device such as llg.Macrospin, which makes a System of a "
            f"draw, got {show(device)}."
        )
    check_draws(microstructures, pulses)
    check_kinds(grid=(grid, TimeGrid, "an llg.TimeGrid"))
    check_count(trials, "trials", 1)
    check_key(key)
    check_dtype(dtype)


def check_draws(microstructures, pulses) -> None:
    """Refuses what are no draws and no pulses."""
    check_kinds(
        microstructures=(microstructures, Microstructure, "draws, an llg.Microstructure"),
        pulses=(pulses, Pulses, "llg.Pulses, such as llg.Pulses.product makes"),
    )
    if microstructures.fraction.ndim != 2:
        raise ValueError(
            "`microstructures` must be draws of shape (device, grains), "
            f"got shape {microstructures.fraction.shape}."
        )
    for name, unit in (("voltage", "V"), ("width", "s"), ("rise", "s"), ("fall", "s")):
        value = getattr(pulses, name)
        if not value.size:
            raise ValueError(f"`{name}` must hold one value or more, got none.")
        check_finite(value, name, unit)


def check_how(observables, executor, progress, waveform) -> None:
    """Refuses a sweep that would keep nothing, and what it cannot run by."""
    if not observables:
        raise ValueError("`observe` must hold one observable or more, got ().")
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise ValueError(
            f"`executor` must be a concurrent.futures.Executor, got {show(executor)}."
        )
    if progress is not None and not callable(progress):
        raise ValueError(f"`progress` must be a function, got {show(progress)}.")
    kind = (AbstractWaveform, type(None))
    check_kinds(waveform=(waveform, kind, "a waveform such as llg.Train, or None"))


def check_trajectory(system, pulse, grid, m0, key, trial, every, dtype, integrator) -> None:
    """Refuses what no trajectory can take."""
    check_kinds(
        system=(system, System, "a System, such as `device.system(sample)`"),
        pulse=(pulse, Pulse, "an llg.Pulse"),
        grid=(grid, TimeGrid, "an llg.TimeGrid"),
        m0=(m0, (State, np.ndarray, jax.Array), "an array or a State"),
        integrator=(integrator, Integrator, "an llg.Integrator"),
    )
    check_count(every, "every")
    if not (hasattr(trial, "dtype") and jnp.issubdtype(trial.dtype, jnp.integer)):
        check_count(trial, "trial", 0)
    number = known(trial)
    if number is not None and np.any(number < 0):
        raise ValueError(f"`trial` must be >= 0, got {number.min()}.")
    for name in ("voltage", "width", "rise", "fall"):
        shape = np.shape(getattr(pulse, name))
        if shape:
            raise ValueError(f"`{name}` must be that of one pulse, got shape {shape}.")
    check_finite(pulse.voltage, "voltage", "V")
    check_key(key)
    check_dtype(jnp.result_type(float) if dtype is None else dtype)


def check_finite(value: Any, name: str, unit: str) -> None:
    """Refuses infinity."""
    numbers = known(value)
    if numbers is not None and not np.all(np.isfinite(numbers)):
        wrong = numbers[~np.isfinite(numbers)].reshape(-1)[0]
        raise ValueError(f"`{name}` must be finite [{unit}], got {wrong:g}.")


def check_dtype(dtype: Any) -> None:
    """Refuses a type in which there is no time loop."""
    try:
        kind = None if dtype is None else np.dtype(dtype).name
    except TypeError:
        kind = str(dtype)
    if kind not in ("float32", "float64"):
        raise ValueError(f"`dtype` must be float32 or float64, got {kind}.")
    if kind == "float64":
        require_x64("A time loop of type float64")


def peak(waveform: AbstractWaveform | None) -> Any:
    """Largest height of a waveform, in units of the amplitude."""
    return jnp.max(jnp.abs(waveform.values)) if isinstance(waveform, Sampled) else 1.0
