"""Step 4: whether levels are still there after ten years."""

import functools
from typing import Any

import numpy as np
from scipy import constants

from .... import llg
from .._bootstrap import bootstrap
from .._card import Card
from .._paper import Result, Row
from .._session import Session
from ._brute_force import brute_force, brute_force_row
from ._junctions import draw, junction, of_one
from ._programmed import cell


def retention(card: Card, session: Session) -> Result:
    """Four levels of the junction, held for ten years at 300 and 358 K.

    States are written by LLG with the voltages of the levels, brought to rest, and left to
    flip grain by grain: barriers of every grain both ways by the string method around one
    held state of each level, the interactions of pairs of grains for all others, attempt
    rates after Langer, kinetic Monte Carlo over the microstates. A level is lost when the
    conductance leaves its window, half a step to each side (the ends to one side only);
    states that are written outside of it are told apart. The unit is the held state.
    Levels that are not apart at rest, because a pulse writes nothing that lasts, are set
    by hand (post hoc): grains are turned at random.
    Last, brute-force LLG of a few grains, so hot that their least barrier is low.
    """
    device = junction(card, session)
    system = device.system(of_one(draw(card, device, 1, session.key(4))))
    exact = llg.Microstates(system, device.grains, attempt=llg.langer_attempts)
    held = session.keep("4-held", lambda: _written(card, session, system, exact))
    signs, conductance = held["signs"], held["conductance"]  # levels, states
    centre = np.median(conductance, 1)
    edges = (centre[1:] + centre[:-1]) / 2
    low, high = np.append(0, edges), np.append(edges, 2 * centre[-1])
    # Levels that coincide have windows that hold nothing.
    window = np.stack([low, np.maximum(high, low * (1 + 1e-9))], 1)
    arrays: dict[str, Any] = {"conductance": conductance, "voltage": held["voltage"]}
    rows = []
    total = len(signs) + 1
    for level in range(len(signs)):
        make = functools.partial(_kept, card, session, exact, held, level, window[level])
        found = session.keep(f"4-level-{level}", make)
        arrays |= {f"{k}_{level}": v for k, v in found.items()}
        rows += _rows(card, session, level, held, found)
        session.progress(level + 1, total)
    check = session.keep("4-check", lambda: brute_force(card, session))
    arrays |= {f"check_{k}": v for k, v in check.items()}
    session.progress(total, total)
    return Result([*rows, brute_force_row(check)], arrays)


def _written(card, session, system, exact):
    """Signs of held states at rest, `(levels, states, grains)`, and conductances."""
    model = cell(session, session.size("side"))
    voltages = np.asarray(model.assign(card.count("retention.levels")))
    width, dt = float(model.write_width), card.number("sweep.dt", "s")
    grid = llg.TimeGrid(dt=dt, steps=round(width / dt) + 1)
    every = []
    for number, voltage in enumerate(voltages):
        signs = llg.written_signs(
            system,
            llg.Pulse(voltage=float(voltage), width=width),
            grid,
            exact.grains,
            key=session.key(4, number),
            trials=session.size("held"),
        )
        every.append(at_rest(exact, np.asarray(signs, np.int8)))
    by_hand = not apart(system, exact, every)
    if by_hand:
        shape = session.size("held"), exact.grains
        every = [at_rest(exact, s) for s in turned(shape, len(voltages))]
    conductance = np.stack([conductances(system, exact, signs) for signs in every])
    order = np.argsort(np.median(conductance, 1))
    return {
        "signs": np.stack(every)[order],
        "conductance": conductance[order],
        "voltage": voltages[order],
        "by_hand": np.array(by_hand),
    }


def conductances(system: Any, exact: llg.Microstates, signs: np.ndarray) -> np.ndarray:
    """Of states at rest [S]."""
    low, high = float(system.circuit.antiparallel), float(system.circuit.parallel)
    return low + (high - low) * (1 + exact.cosine(signs)) / 2


def apart(system: Any, exact: llg.Microstates, every: list[np.ndarray]) -> bool:
    """Whether levels are still apart at rest, by a tenth of their even distance."""
    centre = np.sort([np.median(conductances(system, exact, s)) for s in every])
    span = float(system.circuit.parallel - system.circuit.antiparallel)
    return bool(np.diff(centre).min() > 0.1 * span / (len(every) - 1))


def turned(shape: tuple[int, int], count: int) -> list[np.ndarray]:
    """States of evenly spaced levels, with grains turned at random."""
    generator, (held, grains) = np.random.default_rng(0), shape
    rank = np.argsort(generator.random((count, held, grains)), axis=-1)
    number = np.round(np.linspace(0, grains, count))[:, None, None]
    return list(np.where(rank < number, -1, 1).astype(np.int8))


def at_rest(exact: llg.Microstates, signs: np.ndarray) -> np.ndarray:
    """States that last, by relaxing until no grain falls over any more."""
    for _ in range(signs.shape[1]):
        fallen = exact.at_rest(signs)
        if np.array_equal(fallen, signs):
            break
        signs = fallen
    return signs


def _kept(card, session, exact, held, level, window):
    """Fates of the held states of a level, around the one in its middle."""
    signs, conductance = held["signs"][level], held["conductance"][level]
    middle = np.argsort(np.abs(conductance - np.median(conductance)))[0]
    states = llg.PairwiseMicrostates(
        exact.system, exact.grains, signs[middle], attempt=llg.langer_attempts
    )
    found = llg.retention(
        states,
        signs,
        window,
        temperatures=card.numbers("retention.temperatures", "K"),
        key=session.key(4, 100 + level),
        horizon=card.number("retention.years") * llg.TEN_YEARS / 10,
        trials=session.size("histories"),
        follow=False,
    )
    others = np.delete(signs, middle, 0)[: session.size("residuals")]
    return {
        "failed": np.asarray(found.failed),
        "left": np.asarray(found.left),
        "weakest": np.asarray(found.weakest),
        "residual": states.residual(others) / (constants.k * 300),
        "missed": np.array(found.missed),
    }


def _rows(card, session, level, held, found):
    centre = float(np.median(held["conductance"][level]))
    how = ", set by hand" if held["by_hand"] else ""
    inside = found["left"][0, :, 0] > 0  # not at once
    weakest = found["weakest"] / (constants.k * 300)
    residual = float(np.sqrt(np.nanmean(found["residual"] ** 2)))
    share = 100 * found["failed"].mean(-1)[:, inside]  # temperatures, states
    rows = []
    for i, temperature in enumerate(card.numbers("retention.temperatures", "K")):
        lost = share[i]
        rows.append(
            Row(
                f"level {level}{how}, {1e6 * centre:.0f} uS, {temperature:g} K: lost in "
                f"{card.number('retention.years'):g} years",
                float(lost.mean()) if lost.size else None,
                "%",
                bootstrap(lost),
                runs=f"{len(lost)} held states, {session.size('histories')} histories"
                if lost.size
                else "no state is written inside",
                control=f"least barrier {weakest.min():.0f} to {weakest.max():.0f} kT at "
                f"300 K; written outside {100 * np.mean(~inside):.0f} %; barriers differ "
                f"from strings by {residual:.1f} kT, {int(found['missed'])} not found",
                verdict=kept_verdict(lost, card.number("window.failure")),
            )
        )
    return rows


def kept_verdict(lost: np.ndarray, failure: float) -> str:
    """Whether a level is kept, by the per cent of histories that leave its window."""
    if not lost.size:
        return "Not comparable because no state is written inside of the window."
    if lost.mean() <= 100 * failure:
        return "Kept."
    return f"Not kept: more than {100 * failure:g} % leave the window."


def plot_retention(figure: Any, arrays: dict[str, np.ndarray], card: Card) -> None:
    """Loss of each level by temperature, and the least barriers."""
    left, right = figure.subplots(1, 2)
    count = len(arrays["voltage"])
    for i, temperature in enumerate(card.numbers("retention.temperatures", "K")):
        share = []
        for k in range(count):
            inside = arrays[f"left_{k}"][0, :, 0] > 0
            share.append(
                100 * arrays[f"failed_{k}"][i, inside].mean() if inside.any() else 0
            )
        left.bar(np.arange(count) + 0.4 * i - 0.2, share, 0.4, label=f"{temperature:g} K")
    top = max(5.0, 1.05 * left.get_ylim()[1])
    left.set(xlabel="level", ylabel="lost in ten years (%)", ylim=(0, top))
    left.set_xticks(range(count))
    left.legend()
    for k in range(count):
        barrier = arrays[f"weakest_{k}"] / (constants.k * 300)
        right.plot(np.full(len(barrier), k), barrier, "o", ms=4, color=f"C{k}")
    right.set(xlabel="level", ylabel="least barrier / kT at 300 K", xticks=range(count))
