"""Steps 2 to 4: what wires and noise do to the outputs of both topologies."""

import jax.numpy as jnp
import numpy as np

from .... import crossbar
from .._paper import Result, Row
from ._arrays import case, cells, driven, GATES, inputs, PARTS, ROWS, split, states


def ohms(value: float) -> str:
    """A resistance as text."""
    return f"{value / 1e6:g} MOhm" if value >= 1e6 else f"{value / 1e3:g} kOhm"


def sweep(card, session) -> Result:
    """Errors over R, n and wire: after per-column correction, and input-dependent.

    Voltage-driven arrays have no input-dependent part; they depend on wire over R only.
    """
    values, wires = (
        card.numbers("device.resistances", "Ohm"),
        card.numbers("array.wires", "Ohm"),
    )
    rows, arrays = [], {}
    jobs = [(ROWS, n) for n in session.size("lines")]
    jobs += [(GATES, n) for n in session.size("gated")]
    for done, (kind, lines) in enumerate(jobs):
        grid = np.zeros((len(values), len(wires), len(PARTS)))
        for i, value in enumerate(values):
            for j, wire in enumerate(wires):
                if kind == ROWS:
                    x = inputs(lines, session.size("samples") * lines)
                    bits = states(lines, key=session.key(1, lines))
                    g = cells(card, value, bits).astype(jnp.float32)
                    out = driven(g, jnp.float32(wire), x.astype(jnp.float32))
                    found = split(out, x @ g.astype(float), x)
                else:
                    found = split(*case(card, session, kind, value, wire, lines))
                grid[i, j] = [found[p] for p in PARTS]
        arrays[f"{kind.replace(' ', '_')}_{lines}"] = grid
        part = PARTS.index("per column" if kind == ROWS else "best linear map")
        name = "after per-column correction" if kind == ROWS else "input-dependent part"
        for i, value in enumerate(values):
            rows.append(
                Row(
                    f"{kind}, {lines} x {lines}, {ohms(value)}: {name}",
                    float(grid[i, 1, part]),
                    runs=f"{wires[1]:g} Ohm a segment",
                    control=f"{wires[0]:g} Ohm {grid[i, 0, part]:.2g}, {wires[2]:g} Ohm "
                    f"{grid[i, 2, part]:.2g}; all errors {grid[i, 1, 0]:.2g}",
                )
            )
        session.progress(done + 1, len(jobs))
    return Result(rows, arrays)


def plot_sweep(figure, arrays, card) -> None:
    """Errors over r n^2 / R for both topologies."""
    values = np.array(card.numbers("device.resistances", "Ohm"))
    wires = np.array(card.numbers("array.wires", "Ohm"))
    for axes, kind, part in zip(
        figure.subplots(1, 2, sharey=True), (ROWS, GATES), (2, 3), strict=True
    ):
        for name, grid in arrays.items():
            if name.startswith(kind.replace(" ", "_")):
                lines = int(name.rsplit("_", 1)[1])
                product = (wires[None] * lines**2 / values[:, None]).ravel()
                order = np.argsort(product)
                axes.loglog(
                    product[order],
                    grid[..., part].ravel()[order],
                    ".-",
                    label=f"n = {lines}",
                )
        axes.set(xlabel="r n^2 / R", title=f"{kind}, after {PARTS[part]}")
        axes.legend()
    figure.axes[0].set_ylabel("error / output")


def parts(card, session) -> Result:
    """The error split: common gain, per-column affine, best linear map, what is left.

    Each correction is fitted on three quarters of the inputs and scored on the rest.
    """
    lines = min(card.count("array.lines"), max(session.size("gated")))
    wire = card.number("array.wire", "Ohm")
    rows, arrays = [], {}
    for kind in (ROWS, GATES):
        for value in card.numbers("device.resistances", "Ohm"):
            found = split(*case(card, session, kind, value, wire, lines))
            rows.append(
                Row(
                    f"{kind}, {ohms(value)}: error without correction",
                    found["all"],
                    runs=f"{lines} x {lines}, {wire:g} Ohm",
                    control="; ".join(f"{p} {found[p]:.2g}" for p in PARTS[1:]),
                )
            )
            arrays[f"{kind} {value:g}".replace(" ", "_")] = np.array(
                [found[p] for p in PARTS]
            )
    return Result(rows, arrays)


def noise(card, session) -> Result:
    """The best resistance at a fixed conversion time: wires against noise.

    Errors relative to the deviation of a column's current over random inputs: wires
    (after per-column correction on rows, the input-dependent part on gates), Johnson
    noise of the column's admittance and amplifier noise over the bandwidth of the time
    (over the deviation of the current that arrives), rounding of the converter over four
    deviations either way, and what the lines have not settled. Without noise (the
    control) the largest resistance always wins.
    """
    lines = min(card.count("array.lines"), max(session.size("gated")))
    wire, volt = card.number("array.wire", "Ohm"), card.number("array.read", "V")
    values = np.geomspace(5e3, 5e6, 13)
    time, bits = card.number("array.time", "s"), card.count("array.adc_bits")
    found = {ROWS: [], GATES: []}
    for done, value in enumerate(values):
        g = cells(card, value, states(lines, key=session.key(1, lines)))
        array = crossbar.Crossbar.wired(g, wire)
        tau = crossbar.settling_time(
            array,
            jnp.full(lines, volt),
            word_capacitance=card.number("array.capacitance", "F"),
            bit_capacitance=card.number("array.capacitance", "F"),
        )
        read = crossbar.ReadOut(
            time=time,
            temperature=card.number("array.temperature", "K"),
            amplifier=card.number("array.amplifier", "A"),
            settling=jnp.mean(tau),
        )
        admittance = jnp.diagonal(crossbar.column_admittance(array))
        for kind, part in ((ROWS, "per column"), (GATES, "best linear map")):
            out, ideal, x = case(card, session, kind, value, wire, lines)
            signal = float(np.mean(np.std(np.asarray(ideal), axis=0)))
            arrives = float(np.mean(np.std(np.asarray(out), axis=0)))
            scale = float(np.sqrt(np.mean(np.asarray(ideal) ** 2))) / signal
            found[kind].append(
                [
                    split(out, ideal, x)[part] * scale,
                    float(jnp.mean(read.std(admittance))) / arrives,
                    8 / 2**bits / np.sqrt(12),
                    (1 - float(read.settled())) * scale,
                ]
            )
        session.progress(done + 1, len(values))
    rows, arrays = [], {"resistance": values}
    for kind, terms in found.items():
        terms = np.array(terms)
        total = np.sqrt((terms**2).sum(axis=1))
        best = int(total.argmin())
        arrays[kind.replace(" ", "_")] = terms
        rows.append(
            Row(
                f"{kind}: resistance of the least error",
                values[best] / 1e3,
                "kOhm",
                runs=f"{lines} x {lines}, {1e9 * time:g} ns, 13 resistances",
                control=f"error {total[best]:.3g}, at 5 kOhm {total[0]:.3g}, at 5 MOhm "
                f"{total[-1]:.3g}; without noise {ohms(values[terms[:, 0].argmin()])}",
            )
        )
    return Result(rows, arrays)


def plot_noise(figure, arrays, card) -> None:
    """Wires, noise, converter and settling over the resistance."""
    del card
    names = ("wires", "Johnson and amplifier", "converter", "settling")
    for axes, kind in zip(figure.subplots(1, 2, sharey=True), (ROWS, GATES), strict=True):
        terms = arrays[kind.replace(" ", "_")]
        x = arrays["resistance"] / 1e3
        for column, name in enumerate(names):
            axes.loglog(x, np.maximum(terms[:, column], 1e-9), label=name)
        axes.loglog(x, np.sqrt((terms**2).sum(axis=1)), "k", label="together")
        axes.set(xlabel="resistance / kOhm", title=kind, ylim=(1e-6, 10))
    figure.axes[0].set_ylabel("error / deviation of the current")
    figure.axes[0].legend(fontsize=7)
