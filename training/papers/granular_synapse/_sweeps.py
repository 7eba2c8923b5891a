"""Step 2: the levels that pulses leave, by side, pulse and start."""

from typing import Any

import numpy as np

from ....data import State
from .._bootstrap import bootstrap
from .._card import Card
from .._paper import Result, Row
from .._session import Session
from ._after import outlives, rest_of
from ._junctions import changed, draw, fractions, junction, sweep
from ._second_pulse import from_levels
from ._spreads import of_full_run, quiet_ends, spread_row, symmetric


_KEPT: tuple[str, ...] = (
    "part",
    "deviation",
    "mean",
    "variance",
    "parallel",
    "antiparallel",
)


def levels(card: Card, session: Session) -> Result:
    """Levels by side, pulse and start; the unit is the tessellation.

    All sides from parallel; that of 50 nm from antiparallel, with the longest pulse, and
    from each of two intermediate levels that a first pulse has set. Largest are the
    deviations of intermediate levels, from cycle to cycle and from device to device, in
    parts of the range. Levels are those a nanosecond after the pulse; beside two of
    them is what it looked like under the voltage.
    """
    device = junction(card, session)
    voltages = np.array(card.numbers("sweep.voltages", "V"))
    sides, side = session.size("sides"), session.size("side")
    arrays: dict[str, Any] = {"voltage": voltages, "side": np.array(side)}
    jobs = len(sides) + 3

    def kept(name, device, draws, widths, trials, path, start=State.PARALLEL):
        def make():
            found = sweep(
                device,
                draws,
                voltages,
                widths,
                dt=card.number("sweep.dt", "s"),
                trials=trials,
                key=session.key(2, *path),
                start=start,
                rest=rest_of(card),
            )
            rest = found.mean, found.variance, found.parallel, found.antiparallel
            return dict(zip(_KEPT, (*fractions(found), *rest), strict=True))

        found = session.keep(f"2-{name}", make)
        arrays.update({f"{name}_{k}": v for k, v in found.items()})
        arrays[f"{name}_width"] = widths
        return found

    rows = []
    for number, size in enumerate(sides):
        one = changed(device, side=size * 1e-9)
        draws = draw(card, one, session.size("draws")[number], session.key(2, size))
        widths = 1e-9 * np.array(session.size("widths")[number])
        trials = session.size("trials")[number]
        found = kept(f"p{size}", one, draws, widths, trials, (size, 1))
        name = f"{size} nm, {one.grains} grains, {1e9 * widths[-1]:g} ns"
        rows.append(spread_row(name, found, trials))
        session.progress(number + 1, jobs)

    draws = draw(
        card, device, session.size("draws")[sides.index(side)], session.key(2, side)
    )
    long, trials = session.size("long"), session.size("long_trials")
    found = kept("long", device, draws, np.array([1e-9 * long]), trials, (side, 2))
    rows.append(spread_row(f"{side} nm, {long:g} ns", found, trials))
    session.progress(jobs - 2, jobs)
    widths, trials = arrays[f"p{side}_width"], session.size("antiparallel_trials")
    found = kept("ap", device, draws, widths, trials, (side, 3), State.ANTIPARALLEL)
    rows.append(
        spread_row(f"{side} nm from antiparallel, {1e9 * widths[-1]:g} ns", found, trials)
    )
    session.progress(jobs - 1, jobs)
    rows += from_levels(card, session, device, draws, arrays)
    session.progress(jobs, jobs)
    rows += _under_rows(card, session, device, draws, arrays)
    rows += [of_full_run(session, row(arrays, side)) for row in (quiet_ends, symmetric)]
    return Result(rows, arrays)


def _under_rows(card, session, device, draws, arrays):
    """The longest pulses again, looked at under their voltage; adds to `arrays`."""
    side, trials = session.size("side"), session.size("memory_trials")
    volts, width = arrays["voltage"], float(arrays[f"p{side}_width"][-1])

    def make():
        key, dt = session.key(2, side, 5), card.number("sweep.dt", "s")
        found = sweep(
            device, draws, volts, np.array([width]), dt=dt, trials=trials, key=key
        )
        return {"part": fractions(found)[0][..., 0]}

    under = session.keep("2-under", make)["part"]
    after = arrays[f"p{side}_part"][..., -1]
    arrays |= {"under": under, "outlives": np.array(outlives(under[:, -1], after[:, -1]))}
    told = "Levels stay." if arrays["outlives"] else "No level outlives its pulse."
    return [
        Row(
            f"{side} nm, {1e9 * width:g} ns at {volts[at]:g} V: reversed "
            f"{1e9 * rest_of(card):g} ns after the pulse",
            100 * float(after[:, at].mean()),
            "%",
            bootstrap(100 * after[:, at]),
            runs=f"{len(after)} tessellations",
            control=f"under the pulse {100 * under[:, at].mean():.0f} %, {trials} cycles",
            verdict=told if at == len(volts) - 1 else "",
        )
        for at in (len(volts) // 2, len(volts) - 1)
    ]
