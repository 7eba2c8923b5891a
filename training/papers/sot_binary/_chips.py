"""Binary networks on chips: device spread, wires, calibration, crossover."""

import dataclasses
import functools
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from .... import compact, crossbar
from ..._ir_drop import Wires
from ..._layers import linear_layers, replace_linear
from ..._on_array import behind_wires
from .._bootstrap import bootstrap
from .._paper import Result, Row
from ._errors import ohms
from ._networks import images, restored, right, sets


def cell(card, resistance: float, spread: float) -> compact.TableCell:
    """The two states of a junction, with the spread of devices and of writes [S]."""
    high = 1 / resistance
    levels = jnp.array([high / (1 + card.number("device.tmr")), high])
    return compact.TableCell(
        conductance=levels,
        cycle_std=card.number("device.write_noise") * levels,
        device_std=spread * levels,
    )


@eqx.filter_jit
def chip(network: Any, made, spec: crossbar.Spec, wires: Wires, key) -> tuple[Any, Any]:
    """The networks that a chip computes, exact because rows are driven by voltages.

    Each sign is a pair of cells. In the first, one nominal gain serves all columns; in
    the second every column has the gain that brings it nearest to the wanted weights.
    """
    layers = linear_layers(network)
    table = made.levels(made.assign(2))
    keys = jr.split(key, len(layers))
    pairs = []
    for layer, k in zip(layers, keys, strict=True):
        bits = (layer.weight.T > 0).astype(int)
        both = jnp.stack([bits, 1 - bits], axis=-1)
        written = crossbar.program(table, both, crossbar.OpenLoop(2), key=k)
        pairs.append(written.conductance.astype(layer.weight.dtype))
    found = behind_wires(pairs, spec, wires)
    unit = (table.conductance[1] - table.conductance[0]).astype(found[0].dtype)

    def place(number, layer, calibrated):
        wanted = layer.weight
        weight = jnp.max(jnp.abs(wanted)) * found[number].T / unit
        if calibrated:
            power = jnp.sum(weight**2, axis=1)
            gain = jnp.sum(weight * wanted, axis=1) / jnp.where(power > 0, power, 1)
            weight = gain[:, None] * weight
        return eqx.tree_at(lambda n: n.weight, layer, weight)

    plain, calibrated = (
        replace_linear(network, functools.partial(place, calibrated=c))
        for c in (False, True)
    )
    return plain, calibrated


def spec(card, lines: int, wire: Any) -> crossbar.Spec:
    """Tiles of one bit, ideal converters."""
    return crossbar.Spec(
        levels=2, tile=lines, wire=wire, read_voltage=card.number("array.read", "V")
    )


def score(card, network, test, *, resistance, spread, lines, wires, key) -> list[float]:
    """Accuracy of one chip, without and with calibration of its columns."""
    made = cell(card, resistance, spread)
    wire = jnp.asarray(card.number("array.wire", "Ohm"))
    placed = chip(network, made, spec(card, lines, wire), wires, key)
    return [float(right(n, *test)) for n in placed]


def chips(card, session) -> Result:
    """20 chips for each spread: wires none, to first order, exact; with calibration.

    One MNIST network of step 5 on 64 x 64 tiles of pairs, at an ordinary and a high
    resistance. The chips of a spread are the same for all columns. CIFAR-10 is scored at
    the largest spread with exact wires.
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
    return Result(rows, arrays)


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


def crossover(card, session) -> Result:
    """The smallest resistance with a loss of at most half a point.

    Exact wires, no calibration. Without spread for three tiles at the same r n^2 / R;
    with the middle spread for tiles of 64.
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
        good = np.nonzero(loss.mean(axis=1) <= 0.5)[0]
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
    apart = np.ptp(np.array(losses[:-1]), axis=0)
    verdict = "One tile cannot tell."
    if len(lines) > 1:
        holds = apart[products <= 1].max() <= 0.5
        verdict = f"It {'collapses' if holds else 'does not collapse'} within half a point."
    rows.append(
        Row(
            "collapse on r n^2 / R: largest distance of the tiles",
            float(apart[products <= 1].max()),
            "points",
            runs=f"tiles {', '.join(map(str, lines))}, products up to 1",
            control=f"over all products {apart.max():.2f}",
            verdict=verdict,
        )
    )
    return Result(rows, arrays)


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
    axes = figure.subplots()
    for name, loss in arrays.items():
        if name != "product":
            lines, spread = name.split("_")
            axes.semilogx(
                arrays["product"], loss.mean(axis=1), "o-",
                label=f"n = {lines}, spread {100 * float(spread):g} %",
            )  # fmt: skip
    axes.axhline(0.5, color="k", ls=":")
    axes.set(xlabel="r n^2 / R", ylabel="loss / points")
    axes.legend()


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


def programming(card, session) -> Result:
    """One pulse against program-and-verify at the same written error.

    The written error of the SOT cell is that of its devices and writes. The other cell is
    written until a read is within a tolerance that gives the same root mean square error.
    """
    count = session.size("cells")
    made = cell(card, card.number("device.high", "Ohm"), card.numbers("device.spreads")[-1])
    table = made.levels(made.assign(2))
    target = jr.bernoulli(session.key(8, 1), 0.5, (count,)).astype(int)
    once = crossbar.program(table, target, crossbar.OpenLoop(2), key=session.key(8, 2))
    aim = table.conductance[target]
    relative = lambda error: float(jnp.sqrt(jnp.mean((error / aim) ** 2)))
    written = relative(once.error)
    other = dataclasses.replace(
        table,
        cycle_std=card.number("verify.cycle") * table.conductance,
        device_std=0 * table.device_std,
    )
    found = once
    low, high = 0.05, 4.0  # of the tolerance, over the written error: bisection
    for _ in range(10):
        middle = (low + high) / 2
        tolerance = middle * written * float(jnp.mean(aim))
        verify = crossbar.WriteVerify(
            2, attempts=card.count("verify.attempts"), tolerance=tolerance
        )
        found = crossbar.program(other, target, verify, key=session.key(8, 3))
        low, high = (low, middle) if relative(found.error) > written else (middle, high)
    pulses = float(jnp.mean(found.pulses))
    energy = (
        pulses * card.number("verify.energy", "J") / card.number("device.write_energy", "J")
    )
    time = pulses * card.number("verify.time", "s") / card.number("device.write_time", "s")
    runs = f"{count} cells"
    return Result(
        [
            Row("written error of one pulse, relative", 100 * written, "%", runs=runs),
            Row("written error of program-and-verify", 100 * relative(found.error), "%",
                runs=runs, control=f"{100 * card.number('verify.cycle'):g} % unverified; "
                f"{100 * float(found.yielded):.1f} % verified"),
            Row("pulses of program-and-verify", pulses, runs=runs, control="one pulse 1"),
            Row("energy of program-and-verify over one pulse", energy,
                paper="programming is fast and cheap [P]", runs=runs,
                verdict="Not comparable, because no number is public, and the energies are "
                "of the card."),
            Row("time of program-and-verify over one pulse", time, runs=runs),
        ],
        {"pulses": np.asarray(found.pulses), "error": np.asarray(found.error / aim)},
    )  # fmt: skip
