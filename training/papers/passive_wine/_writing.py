import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from .... import crossbar
from .._bootstrap import bootstrap
from .._paper import Result, Row
from ._infer import drawn
from ._write import array, boards, Devices, places, target, write, Writer


def names(card) -> list[str]:
    """The diameters as text."""
    return [f"{1e9 * d:.0f} nm" for d in card.numbers("device.diameters", "m")]


def wanted_states(card, found: dict[str, np.ndarray], part: int) -> jnp.ndarray:
    """Target cells of all solutions, `(solutions, lines, lines)`."""
    lines = card.count("array.lines")
    flat = [
        jnp.asarray(found[f"{part}_{n}"]).reshape(-1, *found[f"{part}_{n}"].shape[2:])
        for n in ("first", "second")
    ]
    return jax.vmap(lambda a, b: target(a, b, lines))(*flat)


def used(card) -> np.ndarray:
    """Which cells hold weights."""
    at, lines = places(card.count("training.hidden")), card.count("array.lines")
    mask = np.zeros((lines, lines), bool)
    mask[at[:, 0], at[:, 1]] = mask[at[:, 0], at[:, 1] + 1] = True
    return mask


@functools.partial(jax.jit, static_argnums=(0, 5))
def _write_all(card, writer, devices, wanted, keys, slots):
    one = lambda wanted, key: write(card, writer, devices, wanted, key, slots)
    return jax.vmap(one, out_axes=1)(wanted, keys)


def _one_array(card, session, writer, devices, wanted, place) -> dict[str, np.ndarray]:
    one = jax.tree.map(lambda x: x[place[-1]], devices)
    keys = jr.split(session.key(3, 2, *place), len(wanted))
    states = _write_all(card, writer, one, wanted, keys, session.size("slots"))
    return {"states": np.asarray(states)}


def writes(card, session) -> Result:
    """Every solution is written into every array by V/2, through the switching model.

    All cells are reset to antiparallel by a field; the first pass writes the parallel
    ones, later passes those that a grounded read finds wrong. At each pulse every cell
    of the array may switch. Fidelity is the share of right cells; the unit is the array.
    """
    found = session.result(1).arrays
    rows, arrays, mask = [], {}, used(card)
    parts, counts = session.size("parts"), session.size("arrays")
    total, done = len(parts) * len(names(card)) * max(counts), 0
    for part, count in zip(parts, counts, strict=True):
        wanted = wanted_states(card, found, part)
        for number, name in enumerate(names(card)):
            devices = drawn(card, session, part, number, count)
            writer, states = Writer.of(card, number), []
            for index in range(count):
                make = functools.partial(
                    _one_array,
                    card,
                    session,
                    writer,
                    devices,
                    wanted,
                    (part, number, index),
                )
                kept = session.keep(f"3-{part}-{number}-{index}", make)
                states.append(kept["states"])
                done += 1
                session.progress(done, total)
            states = np.stack(states, axis=1)  # passes, arrays, solutions, lines, lines
            right = (states == np.asarray(wanted)) | ~mask
            fidelity = 1 - (~right).sum(axis=(-1, -2)) / mask.sum()
            reset = 1 - np.asarray(wanted)[:, mask].mean()  # right without any write
            arrays[f"{part}_{number}_states"] = states[[0, -1]]
            arrays[f"{part}_{number}_fidelity"] = fidelity
            rows += [
                Row(
                    f"{name}, {part} %: write fidelity, {label}",
                    100 * float(fidelity[at].mean()),
                    "%",
                    bootstrap(100 * fidelity[at].mean(axis=1)),
                    runs=f"{count} arrays x {len(wanted)} solutions",
                    control=f"not written {100 * reset:.0f} %; solutions without error "
                    f"{100 * (fidelity[at] == 1).mean():.1f} %",
                )
                for at, label in ((0, "1 pass"), (-1, f"up to {len(states)} passes"))
            ]
    return Result(rows, arrays)


def plot_writes(figure, arrays, card) -> None:
    """Fidelity after each pass, for each diameter."""
    axes = figure.subplots()
    part, passes = max(int(k.split("_")[0]) for k in arrays), np.arange(0)
    for number, name in enumerate(names(card)):
        fidelity = arrays[f"{part}_{number}_fidelity"].mean(axis=2)
        passes = np.arange(1, len(fidelity) + 1)
        low, high = fidelity.min(axis=1), fidelity.max(axis=1)
        axes.fill_between(passes, 100 * low, 100 * high, alpha=0.2)
        axes.plot(passes, 100 * fidelity.mean(axis=1), "o-", label=name)
    axes.set(xlabel="passes", ylabel="right cells / %", xticks=passes)
    axes.legend()


@functools.partial(jax.jit, static_argnums=(0, 2))
def _reads(card, conductance, grounded):
    """Current of every cell read alone [A], `(lines, lines)`, at the read voltage."""
    made = array(card, conductance)
    lines = conductance.shape[0]
    volt = card.number("array.read", "V")

    def one(place):
        row, column = place // lines, place % lines
        word, bit = jnp.arange(lines) == row, jnp.arange(lines) == column
        read = made if grounded else _afloat(made, word, bit)
        sides = jnp.where(word, volt, 0.0).astype(conductance.dtype)
        return crossbar.solve(read, sides, method=crossbar.Method.direct).currents[column]

    return jax.lax.map(one, jnp.arange(lines**2)).reshape(lines, lines)


def _afloat(made, word, bit) -> crossbar.Crossbar:
    """Only the selected lines have a driver; all keep their leak to the substrate."""
    loose = crossbar.floating(made, word, bit)
    return dataclasses.replace(loose, right=made.right, top=made.top)


def verify(card, session, part: int, number: int) -> dict[Any, Any]:
    """Share of used cells read rightly, one array each: with grounded, floating lines.

    And, as `"commoner"`, the share of the state that more of those cells have.
    """
    states = session.result(3).arrays[f"{part}_{number}_states"][-1]
    count = min(session.size("verified"), states.shape[0])
    devices = drawn(card, session, part, number, states.shape[0])
    shares: dict[bool, list[float]] = {True: [], False: []}
    for grounded, share in shares.items():
        high, low = (_reads(card, g, grounded) for g in boards(card, number))
        middle = np.sqrt(np.abs(np.asarray(high) * np.asarray(low)))
        for index, state in enumerate(states[:count, 0]):
            one = Devices(
                devices.parallel[index],
                devices.antiparallel[index],
                devices.critical[index],
            )
            current = _reads(card, one.conductance(jnp.asarray(state)), grounded)
            share.append(
                float(((np.asarray(current) > middle) == state)[used(card)].mean())
            )
    parallel = states[:count, 0][:, used(card)].mean()
    found: dict[Any, Any] = {k: np.array(v) for k, v in shares.items()}
    return found | {"commoner": max(parallel, 1 - parallel)}
