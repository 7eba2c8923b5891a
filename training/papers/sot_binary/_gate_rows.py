"""Step 7 with inputs on gates: what a network loses against the resistance."""

import functools

import jax.numpy as jnp
import numpy as np

from ..._ir_drop import Wires
from ..._on_array import behind_wires
from .._bootstrap import bootstrap
from .._paper import Row
from ._chip import cell, spec, written
from ._errors import ohms
from ._gates import answers, currents, limits
from ._networks import images


def gate_rows(card, session, network, test) -> tuple[list[Row], dict[str, np.ndarray]]:
    """Rows and arrays of a chip without spread, at each resistance of the sizes."""
    x, y = (v[: session.size("gate_images")] for v in test)
    values = [1e3 * value for value in session.size("gate_resistances")]
    train, _ = images(session, "mnist")
    tops = limits(network, train[0][:1000])
    found = []
    for number, value in enumerate(values):
        make = functools.partial(_right, card, session, network, x, y, tops, value)
        found.append(session.keep(f"7-gates-{value:g}", make))
        session.progress(number + 1, len(values))
    none, rows, gates = (
        np.stack([kept[way] for kept in found]).astype(float)
        for way in ("none", "rows", "gates")
    )
    bits, lines = card.count("array.input_bits"), card.count("array.lines")
    told = []
    for at, value in enumerate(values):
        loss = 100 * (none[at] - gates[at])
        other = 100 * (none[at] - rows[at])
        told.append(
            Row(
                f"inputs on gates, {ohms(value)}: loss by the wires",
                float(loss.mean()),
                "points",
                bootstrap(loss),
                runs=f"{len(y)} images, 1 chip, tiles {lines}, {bits} bits, paired",
                control=f"without wires {100 * none[at].mean():.2f} %; rows driven by "
                f"voltages lose {other.mean():+.2f}",
            )
        )
    told.append(_least(values, none, rows, gates))
    arrays = {"resistance": np.array(values), "loss_gates": none - gates}
    arrays |= {"loss_rows": none - rows, "none": none}
    return told, {f"gates_{name}": array for name, array in arrays.items()}


def _right(card, session, network, x, y, tops, value) -> dict[str, np.ndarray]:
    """Which images are right without wires, on driven rows, and with inputs on gates."""
    made, lines = cell(card, value, 0.0), card.count("array.lines")
    wire, volt = card.number("array.wire", "Ohm"), card.number("array.read", "V")
    pairs = written(network, made, session.key(7, 0))
    behind = behind_wires(pairs, spec(card, lines, jnp.asarray(wire)), Wires.EXACT)
    by_shape = {id(p): np.asarray(m, float) for p, m in zip(pairs, behind, strict=True)}
    on = card.number("array.transistor", "S")
    series = lambda g: g * on / (g + on)
    table = np.asarray(made.conductance)
    options = {"limits": tops, "bits": card.count("array.input_bits")}
    alone = {"unit": float(table[1] - table[0])}
    gate = {"unit": float(series(table[1]) - series(table[0]))}
    through = [series(pair) for pair in pairs]
    at = functools.partial(currents, lines=lines, voltage=volt)
    ways = {
        "none": (through, gate, lambda g, x: at(g, x, wire=0.0) / volt),
        "rows": (pairs, alone, lambda g, x: x.astype(float) @ by_shape[id(g)]),
        "gates": (through, gate, lambda g, x: at(g, x, wire=wire) / volt),
    }
    return {
        way: answers(network, cells, x, product=product, **unit, **options).argmax(-1)
        == np.asarray(y)
        for way, (cells, unit, product) in ways.items()
    }


def _least(values, none, rows, gates) -> Row:
    """The smallest resistance that, like all larger, loses half a point at most."""

    def least(way):
        loss = 100 * (none - way).mean(axis=1)
        order = np.argsort(values)[::-1]
        kept = np.cumprod(loss[order] <= 0.5)
        return np.array(values)[order][int(kept.sum()) - 1] if kept[0] else np.nan

    return Row(
        "inputs on gates: smallest R of the list, loss <= .5 point",
        least(gates) / 1e3,
        "kOhm",
        runs=f"{len(values)} resistances, {none.shape[1]} images",
        control=f"rows driven by the same bits {least(rows) / 1e3:g} kOhm",
    )
