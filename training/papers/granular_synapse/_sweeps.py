"""Step 2: the levels that pulses leave, by side, pulse and start."""

from typing import Any

import numpy as np

from ....data import State
from .._card import Card
from .._paper import Result
from .._session import Session
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
    parts of the range.
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
        draws = draw(one, session.size("draws")[number], session.key(2, size))
        widths = 1e-9 * np.array(session.size("widths")[number])
        trials = session.size("trials")[number]
        found = kept(f"p{size}", one, draws, widths, trials, (size, 1))
        name = f"{size} nm, {one.grains} grains, {1e9 * widths[-1]:g} ns"
        rows.append(spread_row(name, found, trials))
        session.progress(number + 1, jobs)

    draws = draw(device, session.size("draws")[sides.index(side)], session.key(2, side))
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
    rows += [of_full_run(session, row(arrays, side)) for row in (quiet_ends, symmetric)]
    return Result(rows, arrays)
