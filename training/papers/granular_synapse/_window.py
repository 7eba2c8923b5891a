"""Step 1: what the card can do, before anything else."""

import functools
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy import constants

from .... import llg
from ....data import Outcome
from .._bootstrap import bootstrap
from .._card import Card
from .._paper import Result, Row
from .._session import Session
from ._after import outlives, rest_of
from ._junctions import changed, draw, fractions, grain_energies, junction, of_one, sweep
from ._variants import RigidGrains


ENDS = ("instability", "reversal")


def window(card: Card, session: Session) -> Result:
    """Whether the card can be written, read and kept: told before anything else.

    Voltages at which a pulse first reverses a part of the parallel state, and at which all
    of it, by LLG; these are two thresholds, and the levels lie between them. Beside
    them the voltage at which all columns would turn as one by Sun's law. Barriers of
    every grain of both uniform states by the string method, against what ten years need
    at Langer's attempt rates, and the voltage at which a reading disturbs the weakest
    grain, if torque lowers its barrier as that of one axial magnet. One product of
    resistance and area serves writing, reading and the array. What a pulse has reversed
    is looked at a nanosecond after it, as the soft layer may turn and fall back.
    """
    device = junction(card, session)
    draws = draw(card, device, session.size("window_draws"), session.key(1))
    voltages = np.array(card.numbers("window.voltages", "V"))
    areas = card.numbers("window.resistance_area", "Ohm m^2")
    own = float(device.junction.resistance_area)
    if session.quick:
        areas = [own]
    parts = []
    for number, area in enumerate(areas):
        make = functools.partial(
            _part, card, session, device, draws, voltages, area, rest=rest_of(card)
        )
        parts.append(session.keep(f"1-{number}", make)["part"])
        session.progress(number + 1, len(areas) + 1)
    part = np.stack(parts)  # areas, devices, voltages
    tilted = part[..., :1].mean()  # without a pulse
    reached = (part - tilted) / (1 - 2 * tilted)
    low, high = (threshold(reached, voltages, card.number(f"window.{k}")) for k in ENDS)
    at = areas.index(own)
    limit = card.number("window.limit", "V")
    under, after = _under(card, session, device, draws, limit), part[at, :, -1]
    keeps = outlives(under, after)
    energies = grain_energies(device, draws)
    rows = [
        Row(
            "K V of a grain over kT, median",
            float(np.median(energies)),
            runs=f"{energies.shape[0]} tessellations of {energies.shape[1]} grains",
            control=f"from {energies.min():.0f} to {energies.max():.0f}",
        ),
        _rigid_row(device, draws, low[at], high[at], session.size("window_width"), keeps),
        *_kept_rows(card, device, draws),
    ]
    rows += [
        _written_row(area, l, h, limit) for area, l, h in zip(areas, low, high, strict=True)
    ]
    rows.append(
        Row(
            f"reversed part {1e9 * rest_of(card):g} ns after a pulse at {limit:g} V",
            100 * float(after.mean()),
            "%",
            bootstrap(100 * after),
            runs=f"{len(after)} tessellations, {session.size('window_trials')} cycles",
            control=f"under it {100 * under.mean():.0f} %; "
            f"without one {100 * tilted:.0f} %",
            verdict="Can be written: it stays."
            if keeps
            else "Not feasible: the soft layer turns under the pulse and falls back.",
        )
    )
    session.progress(len(areas) + 1, len(areas) + 1)
    arrays = {"voltage": voltages, "area": np.array(areas), "part": part}
    arrays["width"] = np.array(session.size("window_width"))
    return Result(rows, arrays | {"energies": energies})


def _part(card, session, device, draws, voltages, area, *, rest):
    levels = sweep(
        changed(device, junction__resistance_area=area),
        draws,
        voltages,
        1e-9 * np.array([session.size("window_width")]),
        dt=card.number("sweep.dt", "s"),
        trials=session.size("window_trials"),
        key=session.key(1, 1),
        rest=rest,
    )
    return {"part": fractions(levels)[0][..., 0]}


def _under(card, session, device, draws, limit):
    """Reversed part of each device at the end of the longest pulse, at the limit."""
    own = float(device.junction.resistance_area)
    part = lambda: _part(card, session, device, draws, np.array([limit]), own, rest=0.0)
    return session.keep("1-under", part)["part"][:, 0]


def threshold(part: np.ndarray, voltages: np.ndarray, level: float) -> np.ndarray:
    """Voltage at which the reversed part first reaches a level, infinite if never."""
    rising = np.maximum.accumulate(part, -1)

    def one(row):
        if row[-1] < level:
            return np.inf
        at = int(np.argmax(row >= level))
        if at == 0:
            return voltages[0]
        share = (level - row[at - 1]) / (row[at] - row[at - 1])
        return voltages[at - 1] + share * (voltages[at] - voltages[at - 1])

    return np.apply_along_axis(one, -1, rising)


def _written_row(area, low, high, limit):
    done = np.all(np.isfinite(high))
    reversed_ = f"{np.mean(high):.2f} V" if done else f"above {limit:g} V"
    return Row(
        f"RA {area * 1e12:g} Ohm um2: some reversed from",
        float(np.mean(low)),
        "V",
        bootstrap(low) if np.isfinite(low).all() else None,
        runs=f"{len(low)} tessellations",
        control=f"all reversed from {reversed_}; limit {limit:g} V",
        verdict="Both thresholds are below the limit."
        if done
        else "Complete reversal is above the limit: levels span a part of the range.",
    )


def _rigid_row(device, draws, low, high, width, keeps):
    """Sun's law for the sum of all barriers, against both thresholds."""
    system = RigidGrains(device).system(of_one(draws))
    uniaxial = next(t for t in system.terms if isinstance(t, llg.Uniaxial))
    barrier = float(jnp.sum(uniaxial.k_u * uniaxial.volume))
    moment = system.moment
    alpha = float(jnp.sum(system.alpha * moment) / jnp.sum(moment))
    polarisation = float(device.junction.polarisation)
    efficiency = 2 * polarisation / (1 + polarisation**2)
    current = float(llg.critical_current(alpha, efficiency, barrier))
    resistance = float(device.junction.resistance_area) / float(device.side) ** 2
    source = current * (resistance + float(device.junction.series_resistance))
    return Row(
        "voltage at which all columns would turn as one",
        source,
        "V",
        runs=f"Sun's law, {1e6 * current:.0f} uA through {resistance:.0f} Ohm and the "
        "series resistance",
        control=f"LLG, {width:g} ns: some reversed from {np.mean(low):.2g} V, all "
        + (f"from {np.mean(high):.2g} V" if np.isfinite(high).all() else "nowhere"),
        verdict=lever(source, float(np.mean(low)), float(np.mean(high)), width, keeps),
    )


def lever(rigid: float, low: float, high: float, width: float, keeps: bool) -> str:
    """What the soft layer changes, by the three voltages."""
    if not keeps:
        return (
            "The soft layer's lever does not reach the grains: that layer turns below it, "
            "alone, and falls back after the pulse."
        )
    if high <= rigid:
        return "The soft layer's lever brings complete reversal below it."
    if low < rigid:
        return (
            "The soft layer's lever lets the first grains go below it, but a pulse of "
            f"{width:g} ns reverses all of them only above it."
        )
    return "The soft layer's lever does not help: even the first grains go above it."


def _kept_rows(card: Card, device: Any, draws: Any) -> list[Row]:
    """Least barriers of both uniform states, and what a reading does."""
    system, grains = device.system(of_one(draws)), device.grains
    thermal = constants.k * float(device.temperature)
    failure, read = card.number("window.failure"), card.number("window.read", "V")
    keep = card.number("retention.years") * llg.TEN_YEARS / 10
    barriers, attempts = [], []
    states = [llg.settled(system, sign * jnp.ones(grains, int)) for sign in (1, -1)]
    for state in states:
        found = llg.flips(system, state, grains)
        sound = np.asarray(found.outcome == Outcome.successful)
        barriers.append(np.where(sound, np.asarray(found.energy), np.inf) / thermal)
        attempts.append(np.asarray(llg.langer_attempts(system, state, found))[:, 0])
    every, rates = np.concatenate(barriers), np.concatenate(attempts)
    weakest = int(np.argmin(every))
    needed = float(np.log(rates[weakest] * keep / failure))
    known = every[np.isfinite(every)]
    first = int(np.argmin(barriers[0]))
    once = np.log(attempts[0][first] * card.number("window.read_time", "s") / failure)
    critical = float(llg.instability_voltage(system, states[0]))
    disturbs = critical * (1 - float(np.sqrt(max(once / barriers[0][first], 0))))
    return [
        Row(
            "least barrier of a grain of a uniform state over kT",
            float(every[weakest]),
            runs=f"1 tessellation, {known.size} of {every.size} flips found",
            control=f"ten years at {failure:g} need {needed:.1f}; "
            f"median {np.median(known):.0f}",
            verdict="Keeps its uniform states."
            if every[weakest] > needed
            else "Not feasible: the card forgets within ten years.",
        ),
        Row(
            "voltage at which a reading disturbs the parallel state",
            1e3 * disturbs,
            "mV",
            runs="1 tessellation",
            control=f"unstable without noise from {critical:.2g} V; read at "
            f"{1e3 * read:g} mV",
            verdict="Can be read."
            if disturbs > read
            else "Not feasible: a reading disturbs it.",
        ),
    ]


def plot_window(figure: Any, arrays: dict[str, np.ndarray], card: Card) -> None:
    """Reversed part over voltage, by resistance-area product."""
    axis = figure.subplots()
    for area, part in zip(arrays["area"], arrays["part"], strict=True):
        axis.plot(arrays["voltage"], part.mean(0), "o-", label=f"{area * 1e12:g} Ohm um2")
    axis.axvline(card.number("window.limit", "V"), color="k", ls=":")
    axis.set(xlabel=f"voltage of {arrays['width']:g} ns (V)", ylabel="reversed part")
    axis.legend(title="RA")
