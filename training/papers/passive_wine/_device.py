import functools

import jax.numpy as jnp
import numpy as np

from .... import compact
from ....data import State
from .._paper import Result, Row


DIRECTIONS = (State.PARALLEL, State.ANTIPARALLEL)


@functools.cache
def size(card, number: int) -> dict[str, float]:
    """What follows from the diameter of the given number."""
    diameter = card.numbers("device.diameters", "m")[number]
    reference = card.number("device.reference", "m")
    area = np.pi * diameter**2 / 4
    parallel = card.number("device.resistance_area", "Ohm m^2") / area
    edge = 2 * card.number("device.edge", "m") / diameter
    defects = reference / diameter
    return {
        "diameter": diameter,
        "parallel": parallel,
        "antiparallel": parallel * (1 + card.number("device.tmr")),
        "spread": float(np.hypot(card.number("device.spread") * defects, edge)),
        "critical_spread": float(
            np.hypot(card.number("device.critical_spread") * defects, edge)
        ),
        "stability": card.number("device.stability") / defects,
    }


@functools.cache
def switching(card, number: int) -> compact.MacrospinSwitching:
    """The switching model of a diameter, median device."""
    return compact.MacrospinSwitching(
        DIRECTIONS,
        stability=size(card, number)["stability"],
        critical_from_p=card.number("device.critical_p", "V"),
        critical_from_ap=card.number("device.critical_ap", "V"),
        relaxation=card.number("device.relaxation", "1/s"),
    )


@functools.cache
def write_ratio(card, number: int) -> tuple[float, float, float]:
    """Voltage over threshold with the fewest wrong cells, and both kinds of error.

    The error of a selected cell plus the chance that one of the other cells on both of
    its lines is disturbed at half the voltage, each averaged over the spread of the
    threshold; single cells without wires.
    """
    model, width = switching(card, number), card.number("write.width", "s")
    low, high = card.numbers("write.ratios")
    ratios = np.linspace(low, high, 121)
    z = np.linspace(-4, 4, 81)
    weight = np.exp(-(z**2) / 2)
    weight /= weight.sum()
    critical = 1 + size(card, number)["critical_spread"] * z
    at = lambda v, f: np.asarray(
        f(jnp.asarray(v), jnp.full(v.shape, width), State.PARALLEL)
    )
    v = ratios[:, None] / critical * card.number("device.critical_p", "V")
    missed = at(v, model.write_error) @ weight
    disturbed = at(v / 2, model.read_disturb) @ weight
    others = 2 * (card.count("array.lines") - 1)
    best = int(np.argmin(missed + others * disturbed))
    return float(ratios[best]), float(missed[best]), float(others * disturbed[best])


def sizes(card, session) -> Result:
    """Three diameters: resistance, spread, barrier, and the voltage that is written with.

    R = RA / area; spreads fall as the root of the area, plus an edge term. The write
    voltage is the one with the fewest expected errors of a selected cell and of those
    half-selected with it, by the switching model of single cells.
    """
    del session
    rows, arrays = [], []
    for number in range(len(card.numbers("device.diameters", "m"))):
        found = size(card, number)
        ratio, missed, disturbed = write_ratio(card, number)
        name = f"{1e9 * found['diameter']:.0f} nm"
        rows += [
            Row(f"{name}: parallel resistance", found["parallel"] / 1e3, "kOhm"),
            Row(
                f"{name}: spread of resistance",
                100 * found["spread"],
                "%",
                control=f"of thresholds {100 * found['critical_spread']:.2f} %",
            ),
            Row(
                f"{name}: write voltage over threshold",
                ratio,
                control=f"expected error {missed:.2g}, {disturbed:.2g} disturbed a write",
            ),
        ]
        arrays.append([found["diameter"], found["parallel"], found["spread"], ratio])
    return Result(rows, {"sizes": np.array(arrays)})
