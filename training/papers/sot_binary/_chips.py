"""Step 6: binary networks on chips, by device spread, wires and calibration."""

import functools

import numpy as np

from ..._ir_drop import Wires
from .._bootstrap import bootstrap
from .._paper import Result, Row
from ._chip import score
from ._errors import ohms
from ._networks import images, left_out, restored, right, sets


def chips(card, session) -> Result:
    """20 chips for each spread: wires none, to first order, exact; with calibration.

    One MNIST network of step 5 on 64 x 64 tiles of pairs, at an ordinary and a high
    resistance, rows driven by voltages; inputs on gates are in step 7. The chips of a
    spread are the same for all columns. CIFAR-10 is scored at the largest spread with
    exact wires.
    """
    number, lines = session.size("chips"), card.count("array.lines")
    values = [card.number("device.low", "Ohm"), card.number("device.high", "Ohm")]
    rows, arrays = [], {}
    spreads = card.numbers("device.spreads")
    total, done = len(values) * len(spreads), 0
    for name in sets(session):
        network = restored(card, session, name, 0)
        _, test = images(session, name)
        software = 100 * float(right(network, *test))
        used = spreads if name == "mnist" else spreads[-1:]
        ways = list(Wires) if name == "mnist" else [Wires.EXACT]
        columns = [(w, c) for w in ways for c in (False, True)]
        for value in values:
            for at, spread in enumerate(used):
                drawn = number if spread else 1
                if name == "cifar":
                    drawn = max(number // 4, 1)
                kept = session.keep(
                    f"6-{name}-{value:g}-{at}",
                    functools.partial(
                        _grid,
                        card,
                        session,
                        network,
                        test,
                        value,
                        spread,
                        lines,
                        ways,
                        drawn,
                    ),
                )["score"]
                arrays[f"{name}_{value:g}_{spread:g}"] = kept
                done += 1
                session.progress(done, total)
                for (wires, calibrated), got in zip(columns, 100 * kept, strict=True):
                    rows.append(
                        _row(name, value, spread, wires, calibrated, got, software, lines)
                    )
    return Result(rows + left_out(session), arrays)


def _grid(card, session, network, test, value, spread, lines, ways, drawn):
    found = [
        [
            score(
                card, network, test, resistance=value, spread=spread, lines=lines,
                wires=wires, key=session.key(6, n),
            )
            for n in range(drawn)
        ]
        for wires in ways
    ]  # fmt: skip
    return {"score": np.moveaxis(np.array(found), 2, 1).reshape(2 * len(ways), drawn)}


def _row(name, value, spread, wires, calibrated, got, software, lines) -> Row:
    title = "MNIST" if name == "mnist" else "CIFAR-10"
    key = name == "mnist" and value > 1e5 and spread > 0.09 and wires is Wires.EXACT
    drop = software - got
    verdict = ""
    if key and not calibrated:
        verdict = (
            f"Not comparable, because no number is public; here {drop.mean():.2f} points "
            "are lost at 10 % device spread and high resistance."
        )
    return Row(
        f"{title}, {ohms(value)}, spread {100 * spread:g} %, wires {wires.value}, "
        f"{'calibrated' if calibrated else 'not calibrated'}",
        float(got.mean()),
        "%",
        bootstrap(got) if len(got) > 1 else None,
        paper="uniformity gives accuracy [P]" if key and not calibrated else "",
        runs=f"{len(got)} chips, tiles {lines}",
        control=f"software {software:.2f} %, loss {drop.mean():+.2f}",
        verdict=verdict,
    )
