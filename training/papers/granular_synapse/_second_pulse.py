"""A pulse on a level that another pulse has set."""

from typing import Any

import numpy as np

from .._bootstrap import bootstrap
from .._card import Card
from .._paper import Row
from .._session import Session
from ._after import rest_of
from ._junctions import fractions, sweep


def from_levels(
    card: Card, session: Session, device: Any, draws: Any, arrays: dict[str, Any]
) -> list[Row]:
    """The weakest and the strongest pulse on two levels; adds what it finds to `arrays`.

    Levels are those nearest to a third and two thirds of what the shorter pulse
    reverses; all pulses are as long as that one.
    """
    side = session.size("side")
    voltages, width = arrays["voltage"], float(arrays[f"p{side}_width"][0])
    single = arrays[f"p{side}_part"][..., 0]
    mean = single.mean(0)
    wanted = np.array([1 / 3, 2 / 3]) * mean[-1]
    first = [int(np.argmin(np.abs(mean - part))) for part in wanted]
    # The weakest that does something by itself, and the strongest.
    weak = min(int(np.argmax(mean > 0.5 * mean[first[0]])), len(mean) - 2)
    second = [weak, len(mean) - 1]

    def make():
        one = lambda a, b: _after(card, session, device, draws, a, b, width)
        volts = lambda i: float(voltages[i])
        return {
            "part": np.stack([[one(volts(a), volts(b)) for b in second] for a in first])
        }

    found = session.keep("2-memory", make)["part"]  # first, second, devices
    arrays |= {"first": voltages[first], "second": voltages[second], "memory": found}
    rows = []
    for i, a in enumerate(first):
        little, much = (100 * (found[i, j] - single[:, a]) for j in (0, 1))
        rows.append(
            Row(
                f"{side} nm, level set by {voltages[a]:g} V: change by "
                f"{voltages[second[0]]:g} V more",
                float(np.mean(little)),
                "%",
                bootstrap(little),
                runs=f"{len(little)} tessellations, {session.size('memory_trials')} cycles",
                control=f"by itself that pulse reverses {100 * mean[second[0]]:.0f} %; "
                f"{voltages[second[1]]:g} V more changes it by {np.mean(much):+.0f} %",
            )
        )
    return rows


def _after(card, session, device, draws, a, b, width):
    """Reversed part of each device after pulses of `a` and of `b`, a pause between."""
    pause = card.number("sweep.pause", "s")

    def heights(time):
        return np.where(time < width, a / b, np.where(time < width + pause, 0.0, 1.0))

    found = sweep(
        device,
        draws,
        np.array([b]),
        np.array([2 * width + pause]),
        dt=card.number("sweep.dt", "s"),
        trials=session.size("memory_trials"),
        key=session.key(2, 4),
        rest=rest_of(card),
        heights=heights,
    )
    return fractions(found)[0][:, 0, 0]
