"""The granular junction of the card, and how it is drawn and swept."""

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy import constants

from .... import llg
from ....data import Levels, Pulses, State
from .._card import Card
from .._session import Session


_SOFT = {
    "m_s": "A/m",
    "thickness": "m",
    "alpha": "1",
    "k_u": "J/m^3",
    "a_ex": "J/m",
}
_GRAIN = {
    "m_s": "A/m",
    "thickness": "m",
    "alpha": "1",
    "k_u": "J/m^3",
    "k_u_spread": "1",
    "size": "m",
    "size_spread": "1",
    "j_boundary": "J/m^2",
}
_JUNCTION = {
    "resistance_area": "Ohm m^2",
    "tmr": "1",
    "v_half": "V",
    "polarisation": "1",
    "series_resistance": "Ohm",
    "breakdown": "V",
}


def junction(card: Card, session: Session) -> llg.GranularJunction:
    """The junction whose every number is in the card, at the size of the run."""

    def numbers(table: str, units: dict[str, str]) -> dict[str, Any]:
        return {name: card.number(f"{table}.{name}", unit) for name, unit in units.items()}

    return llg.GranularJunction(
        soft=llg.SoftLayer(**numbers("soft", _SOFT)),
        grain=llg.GrainLayer(**numbers("grain", _GRAIN)),
        junction=llg.Junction(**numbers("junction", _JUNCTION)),
        j_interlayer=card.number("stack.j_interlayer", "J/m^2"),
        side=1e-9 * session.size("side"),
        temperature=card.number("stack.temperature", "K"),
    )


def changed(device: llg.GranularJunction, **values: Any) -> llg.GranularJunction:
    """The junction with other values; `soft__a_ex` is a value of the soft layer."""
    for name, value in values.items():
        part, _, field = name.rpartition("__")
        if field == "split":
            soft = dataclasses.replace(device.soft, split=value)
            device = eqx.tree_at(lambda d: d.soft, device, soft)
            continue
        at = lambda d, part=part, field=field: getattr(
            getattr(d, part) if part else d, field
        )
        device = eqx.tree_at(at, device, jnp.asarray(value, float))
    return device


def sweep(
    device: Any,
    draws: llg.Microstructure,
    voltages: Float[np.ndarray, " voltages"],
    widths: Float[np.ndarray, " widths"],
    *,
    dt: float,
    trials: int,
    key: PRNGKeyArray,
    start: State = State.PARALLEL,
    rest: float = 0.0,
    heights: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Levels:
    """Levels after every pulse; from antiparallel the voltages are negative.

    - `rest`: time without voltage between the end of a pulse and the look [s]: under its
        voltage the soft layer may have turned where its grain has not.
    - `heights`: over the time [s], of a pulse that is not flat.
    """
    volts = np.asarray(voltages) * (1 if start is State.PARALLEL else -1)

    def one(width):
        total = float(width) + rest
        time = np.linspace(0, total, 401)
        shape = np.where(time < width, 1.0 if heights is None else heights(time), 0.0)
        flat = rest == 0 and heights is None
        return llg.sweep(
            device,
            draws,
            Pulses.product(voltage=volts, width=np.array([total])),
            llg.TimeGrid(dt=dt, steps=round(total / dt) + 1),
            observe=llg.Level(),
            key=key,
            trials=trials,
            start=start,
            waveform=None if flat else llg.Sampled(values=jnp.asarray(shape)),
        )

    each = [one(width) for width in widths]
    joined = {
        name: jnp.concatenate([getattr(levels, name) for levels in each], 2)
        for name in ("trials", "mean", "variance", "histogram")
    }
    pulses = Pulses.product(voltage=volts, width=np.asarray(widths))
    return dataclasses.replace(each[0], pulses=pulses, **joined)


def fractions(levels: Levels) -> tuple[np.ndarray, np.ndarray]:
    """Reversed part, mean and deviation over the cycles, `(device, voltage, width)`.

    NaN where every cycle was lost.
    """
    wide = lambda x: np.asarray(x)[:, None, None]
    span = wide(levels.parallel) - wide(levels.antiparallel)
    level = (np.asarray(levels.mean) - wide(levels.antiparallel)) / span
    part = 1 - level if levels.start is State.PARALLEL else level
    lost = np.asarray(levels.trials) == 0
    deviation = np.sqrt(np.asarray(levels.variance)) / span
    return np.where(lost, np.nan, part), np.where(lost, np.nan, deviation)


def draw(
    card: Card, device: llg.GranularJunction, number: int, key: Array
) -> llg.Microstructure:
    """Fresh tessellations, as even as the card's."""
    relaxations = card.count("stack.relaxations")
    return llg.microstructures(device, number, key=key, relaxations=relaxations)


def grain_energies(device: llg.GranularJunction, draws: llg.Microstructure) -> np.ndarray:
    """K V of each grain over kT, `(device, grains)`, without dipoles or exchange."""

    def one(grains):
        system = device.system(grains)
        uniaxial = next(t for t in system.terms if isinstance(t, llg.Uniaxial))
        return (uniaxial.k_u * uniaxial.volume)[-grains.fraction.shape[-1] :]

    thermal = constants.k * float(device.temperature)
    return np.asarray(jax.lax.map(one, draws)) / thermal


def of_one(draws: llg.Microstructure, number: int = 0) -> llg.Microstructure:
    """One of the tessellations, without the leading axis."""
    return jax.tree.map(lambda x: x[number], draws)
