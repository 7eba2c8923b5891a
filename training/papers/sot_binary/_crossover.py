"""Steps 7 and 9: the smallest resistance that serves, and the control without wires."""

import functools

import numpy as np

from ..._ir_drop import Wires
from .._paper import Result, Row
from ._chip import score
from ._gate_rows import gate_rows
from ._networks import images, restored, right


WITHIN = 0.5  # points: what a network may lose


def crossover(card, session) -> Result:
    """The smallest resistance with a loss of at most half a point, in both topologies.

    Exact wires, no calibration. Rows driven by voltages: without spread for three tiles
    at the same r n^2 / R; with the middle spread for tiles of 64. Whether the losses
    collapse is judged over all of r n^2 / R that was run. Inputs on gates: bit by bit, on
    tiles of 64, every input of every tile solved; the loss is that against the same chip
    without wires, paired by image, and beside it that of rows driven by the same bits.
    Inputs on gates load the wires less: cells of inputs that are off do not conduct, and
    the transistor is in series with the others.
    """
    network = restored(card, session, "mnist", 0)
    _, test = images(session, "mnist")
    software = 100 * float(right(network, *test))
    products = np.array(session.size("products"), float)
    wire, lines = card.number("array.wire", "Ohm"), session.size("collapse_lines")
    spread, drawn = card.numbers("device.spreads")[1], session.size("crossover_chips")
    cases = [(n, 0.0, 1) for n in lines] + [(card.count("array.lines"), spread, drawn)]
    rows, arrays, losses = [], {"product": products}, []
    for done, (n, wide, number) in enumerate(cases):
        kept = session.keep(
            f"7-{done}",
            functools.partial(
                _along, card, session, network, test, products, wire, n, wide, number
            ),
        )["score"]
        loss = software - 100 * kept
        losses.append(loss.mean(axis=1))
        arrays[f"{n}_{wide:g}"] = loss
        good = np.nonzero(loss.mean(axis=1) <= WITHIN)[0]
        least = wire * n**2 / products[good].max() if len(good) else np.nan
        rows.append(
            Row(
                f"tiles of {n}, spread {100 * wide:g} %: smallest R, loss <= .5 point",
                least / 1e3,
                "kOhm",
                runs=f"{number} chips, {len(products)} resistances",
                control="losses "
                + ", ".join(
                    f"{v:.2f} at {p:g}" for v, p in zip(losses[-1], products, strict=True)
                )
                + " (r n^2 / R)",
            )
        )
        session.progress(done + 1, len(cases))
    if len(lines) > 1:
        rows.append(_collapse(products, np.array(losses[:-1]), lines))
    more, kept = gate_rows(card, session, network, test)
    return Result(rows + more, arrays | kept)


def _collapse(products, losses, lines) -> Row:
    """How far tiles of different size lose the same at the same r n^2 / R."""
    order = np.argsort(products)
    products, losses = products[order], losses[:, order]
    apart, mean = np.ptp(losses, axis=0), losses.mean(axis=0)
    holds = apart <= WITHIN
    first = len(holds) if holds.all() else int(np.argmin(holds))
    told = [
        f"{a:.2f} at {p:g} ({100 * a / m:.0f} % of the loss)" if m > WITHIN
        else f"{a:.2f} at {p:g}"
        for a, p, m in zip(apart, products, mean, strict=True)
    ]  # fmt: skip
    verdict = f"Collapses within {WITHIN:g} point over the whole range."
    if first < len(holds):
        verdict = "Does not collapse over the range: "
        if first:
            verdict += (
                f"within {WITHIN:g} point up to {products[first - 1]:g}, where no loss is "
                f"above {losses[:, :first].max():.2f} and it can hardly fail; "
            )
        verdict += f"apart by {apart[first:].max():.2f} points beyond."
    return Row(
        f"collapse on r n^2 / R: largest distance of the tiles, all {len(products)} values",
        float(apart.max()),
        "points",
        runs=f"tiles {', '.join(map(str, lines))}, 1 chip each",
        control="distance " + ", ".join(told),
        verdict=verdict,
    )


def _along(card, session, network, test, products, wire, n, spread, number):
    found = [
        [
            score(
                card, network, test, resistance=wire * n**2 / product, spread=spread,
                lines=n, wires=Wires.EXACT, key=session.key(7, k),
            )[0]
            for k in range(number)
        ]
        for product in products
    ]  # fmt: skip
    return {"score": np.array(found)}


def plot_crossover(figure, arrays, card) -> None:
    """Loss of accuracy over r n^2 / R."""
    del card
    axes, other = figure.subplots(1, 2)
    for name, loss in arrays.items():
        if name != "product" and not name.startswith("gates"):
            lines, spread = name.split("_")
            axes.semilogx(
                arrays["product"], loss.mean(axis=1), "o-",
                label=f"n = {lines}, spread {100 * float(spread):g} %",
            )  # fmt: skip
    axes.axhline(0.5, color="k", ls=":")
    axes.set(xlabel="r n^2 / R", ylabel="loss / points", title="voltages on rows")
    axes.legend(fontsize=7)
    values = arrays["gates_resistance"] / 1e3
    for name in ("gates", "rows"):
        other.semilogx(
            values,
            100 * arrays[f"gates_loss_{name}"].mean(axis=1),
            "o-",
            label={"gates": "inputs on gates", "rows": "voltages on rows"}[name],
        )
    other.axhline(0.5, color="k", ls=":")
    other.set(xlabel="R / kOhm", title="bit by bit")
    other.legend(fontsize=7)


def without_wires(card, session) -> Result:
    """Control: without wires the resistance must not matter."""
    network = restored(card, session, "mnist", 0)
    _, test = images(session, "mnist")
    spread, lines = card.numbers("device.spreads")[1], card.count("array.lines")
    found = [
        100
        * score(
            card, network, test, resistance=value, spread=spread, lines=lines,
            wires=Wires.NONE, key=session.key(9),
        )[0]
        for value in card.numbers("device.resistances", "Ohm")
    ]  # fmt: skip
    return Result(
        [
            Row(
                "zero wires: accuracy, largest difference over R",
                float(np.ptp(found)),
                "points",
                runs=f"1 chip, {len(found)} resistances",
                control=f"accuracy {np.mean(found):.2f} %, software "
                f"{100 * float(right(network, *test)):.2f} %",
            )
        ],
        {"score": np.array(found)},
    )
