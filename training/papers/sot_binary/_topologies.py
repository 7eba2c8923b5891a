"""Step 1: how far outputs depend on the inputs otherwise than linearly."""

import numpy as np

from .._paper import Result, Row
from ._arrays import case, GATES, PARTS, ROWS, split
from ._errors import ohms


NEGLIGIBLE = 2**-8
"""Half a step of 7 bits, of the root mean square current."""


def topologies(card, session) -> Result:
    """How far outputs depend on the inputs in other ways than linearly.

    Random bits in 64 x 64 cells (quick: 32), random inputs; what is left of the currents
    after the best linear map of the inputs, divided by the gain of their column, over the
    currents without wires. It is called negligible below half a
    step of 7 bits, 0.0039; the smallest resistance from which on it is so is searched for
    down to a tenth of the ordinary one.
    """
    lines = min(card.count("array.lines"), max(session.size("gated")))
    wire = card.number("array.wire", "Ohm")
    rows, arrays = [], {}
    values = [card.number("device.low", "Ohm"), card.number("device.high", "Ohm")]
    searched = np.geomspace(0.1 * values[0], values[1], session.size("searched"))
    wires = [wire, *card.numbers("array.wires", "Ohm")[-1:]]
    total, done = 8 + len(wires) * len(searched), 0
    runs = f"{lines} x {lines}, {session.size('samples') * lines} inputs"
    for kind in (ROWS, GATES):
        for bias in (False, True):
            for value in values:
                out, ideal, x = case(card, session, kind, value, wire, lines, bias=bias)
                found = split(out, ideal, x)
                part = found["best linear map"]
                rows.append(
                    Row(
                        f"{kind}, TMR {'falls with' if bias else 'without'} bias, "
                        f"{ohms(value)}: input-dependent part",
                        part,
                        runs=runs,
                        control=f"all errors {found['all']:.2g}; over the deviation of "
                        f"the current {part * _swing(ideal):.2g}; zero wires "
                        f"{_without_wires(card, session, kind, value, lines, bias):.1g}",
                    )
                )
                arrays[f"{kind} {bias} {value:g}".replace(" ", "_")] = np.array(
                    [found[p] for p in PARTS]
                )
                done += 1
                session.progress(done, total)
    for own in wires:
        parts = []
        for value in searched:
            found = split(*case(card, session, GATES, value, own, lines))
            parts.append(found["best linear map"])
            done += 1
            session.progress(done, total)
        ends = [
            split(*case(card, session, GATES, value, own, lines))["best linear map"]
            for value in values
        ]
        rows.append(_least(own, searched, np.array(parts), values, ends, runs))
        arrays[f"searched_{own:g}"] = np.stack([searched, parts])
    return Result(rows, arrays)


def _swing(ideal) -> float:
    """Root mean square of the currents over their mean deviation."""
    ideal = np.asarray(ideal)
    return float(np.sqrt(np.mean(ideal**2)) / np.mean(ideal.std(axis=0)))


def _without_wires(card, session, kind, value, lines, bias) -> float:
    found = split(*case(card, session, kind, value, 0.0, lines, bias=bias))
    return found["best linear map"]


def _least(wire, searched, parts, values, ends, runs) -> Row:
    """From which resistance on the part is negligible, and what an ordinary one has."""
    least = smallest(searched, parts, NEGLIGIBLE)
    told = [
        f"{part:.2g} at {ohms(value)} ({'' if part < NEGLIGIBLE else 'not '}negligible)"
        for value, part in zip(values, ends, strict=True)
    ]
    low, high = (part < NEGLIGIBLE for part in ends)
    if not high:
        verdict = f"Not reached: it is {ends[1]:.2g} at high resistance."
    elif low:
        verdict = (
            "Reached, but not by the high resistance: with these wires and this size an "
            f"ordinary one, {ohms(values[0])}, is enough."
        )
    else:
        verdict = f"Reached, and {ohms(values[0])} is not enough."
    at_end = " (the smallest that was searched)" if least == searched[0] else ""
    return Row(
        f"inputs on gates, {wire:g} Ohm a segment: smallest R with a negligible part",
        least / 1e3,
        "kOhm",
        paper="negligible at high resistance [P]",
        runs=f"{runs}, {len(searched)} resistances{at_end}",
        control="; ".join(told),
        verdict=verdict,
    )


def smallest(values, parts, limit: float) -> float:
    """The smallest value that, like all larger ones, has a part below the limit."""
    above = np.nonzero(parts >= limit)[0]
    if len(above) and above[-1] + 1 == len(values):
        return np.nan
    return float(values[above[-1] + 1 if len(above) else 0])
