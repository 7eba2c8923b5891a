import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from ._atomic import FileError
from ._cells import check_values, column_values, ENDS, PULSE
from ._pulses import Pulses
from ._statistics import Levels, State, Switching
from ._table import read_table


_FORMS = {  # what must be there, for each form that the data of a class may have
    Switching: (("switched",), ("switched", "trials")),
    Levels: ((*ENDS, "conductance"), (*ENDS, "mean", "std", "trials")),
}
_BINS = 64


@dataclasses.dataclass(frozen=True)
class Measured:
    """Statistics of a file, and what of the file they leave out.

    - `devices`: The names of the devices, in the order of the axis `device`.
    - `rows`: How many rows were used.
    - `skipped`: One sentence for each row without a value that is needed.
    """

    statistics: Any
    devices: tuple[str, ...]
    rows: int
    skipped: tuple[str, ...]


def read(
    path: str | os.PathLike,
    kind: type[Switching] | type[Levels],
    columns: Mapping[str, str],
    *,
    start: State,
    where: Mapping[str, str] | None = None,
    dims: Sequence[str] | None = None,
) -> Measured:
    """Measured statistics from a CSV file or a foreign HDF5 file.

    `columns` says which column holds what: `{"voltage": "Vp in mV", "width": "=10 ns"}`.
    A value is the name of a column (a dataset in an HDF5 file), with ` in ` and its unit
    unless the header (`Vp [mV]`), the attribute `units` or every cell says it; or `=` and
    one value for the whole file. The names are

    - `voltage`, `width` [V, s], and `rise`, `fall` [s] if the edges are known;
    - `device`: name of the junction; one junction if left out;
    - for `Switching`: `switched`, and `trials`, the counts of a row; without `trials` a
      row is one attempt, and `switched` is 0 or 1, no or yes;
    - for `Levels`: `parallel` and `antiparallel`, the two ends, and either `conductance`
      (a row is one cycle) or `mean`, `std` and `trials` (a row is one point, without
      histogram). The ends and the single conductances may be resistances, inverted here.

    Points of the grid that were not measured get zero trials; rows of one point add up. A
    row with an empty cell is left out, and listed.

    **Arguments:**

    - `path`: `.csv`, `.txt`, `.tsv` ...; or `.h5`, `.hdf5`, `.nc`.
    - `kind`: `Switching` or `Levels`.
    - `columns`: As above.
    - `start`: The state before each pulse.
    - `where`: Only the rows whose column has this text: `{"direction": "AP-P"}`.
    - `dims`: For arrays over a grid, which of the names are its dimensions, in order.
    """
    _check_names(kind, columns)
    wanted = {k: v for k, v in columns.items() if not v.startswith("=")}
    chosen = {f"where {i}": name for i, name in enumerate(where or {})}
    table = read_table(path, wanted | chosen, dims)
    keep = np.ones(len(table.lines), bool)
    for key, text in zip(chosen, (where or {}).values(), strict=True):
        keep &= np.array([str(cell) == text for cell in table.columns[key]], bool)
    values = {
        name: column_values(table, name, text, keep)
        for name, text in columns.items()
        if name != "device"
    }
    skipped, whole = [], keep.copy()
    for name, value in values.items():
        for i in np.flatnonzero(whole & np.isnan(value)).tolist():
            skipped.append(f"line {table.lines[i]} has no `{name}`")
        whole &= ~np.isnan(value)
    if not whole.any():
        raise FileError(f"`{path}` must have rows with all of the values, it has none.")
    values = {name: value[whole] for name, value in values.items()}
    lines = np.asarray(table.lines)[whole]
    check_values(table.path, values, lines)
    named = np.asarray(table.columns.get("device", np.zeros(len(keep), int)))[whole]
    devices = list(dict.fromkeys(named.tolist()))
    device = np.array([devices.index(x) for x in named.tolist()])
    pulses, point = _grid(table, columns, values)
    index = (device, *point)
    build = _switching if kind is Switching else _levels
    names = tuple(map(str, devices)) if "device" in columns else ("0",)
    shape = (len(devices), *pulses.shape)
    statistics = build(table.path, start, pulses, shape, index, values, lines)
    return Measured(statistics, names, int(whole.sum()), tuple(skipped))


def _check_names(kind: Any, columns: Mapping[str, str]) -> None:
    known = {"device", *PULSE, *(name for form in _FORMS[kind] for name in form)}
    for name in columns:
        if name not in known:
            raise ValueError(
                f"`columns` must name {', '.join(sorted(known))}, got {name!r}."
            )
    given = set(columns) - {"device", *PULSE}
    forms = _FORMS[kind]
    if not {"voltage", "width"} <= set(columns) or given not in map(set, forms):
        told = " or ".join(", ".join(form) for form in forms)
        raise ValueError(
            f"`columns` must name voltage, width and either {told}; "
            f"got {', '.join(columns)}."
        )


def _grid(table, columns, values) -> tuple[Pulses, list[np.ndarray]]:
    """The pulses, and the index of each row on each of their axes."""
    axes, arrays, point, points = [], {}, [], 1
    for name in PULSE:
        if name not in columns:
            continue
        if columns[name].startswith("="):
            arrays[name] = jnp.asarray(values[name][0])
            continue
        distinct, index = np.unique(values[name], return_inverse=True)
        axes.append(name)
        point.append(index)
        arrays[name] = jnp.asarray(distinct)
        points *= len(distinct)
    rows = len(values["voltage"])
    if points > 1000 + 20 * rows:
        raise FileError(
            f"`{table.path}` must have set values for {', '.join(axes)}, not measured "
            f"ones: {rows} rows would span a grid of {points} points."
        )
    return Pulses(tuple(axes), **arrays), point


def _switching(path, start, pulses, shape, index, values, lines) -> Switching:
    del path, lines
    trials, switched = np.zeros(shape, int), np.zeros(shape, int)
    attempts = values.get("trials", np.ones(len(values["switched"])))
    np.add.at(trials, index, attempts.astype(int))
    np.add.at(switched, index, values["switched"].astype(int))
    return Switching(start, pulses, jnp.asarray(trials), jnp.asarray(switched))


def _levels(path, start, pulses, shape, index, values, lines) -> Levels:
    trials, mean, variance = np.zeros(shape, int), np.zeros(shape), np.zeros(shape)
    histogram, ends = np.zeros((*shape, _BINS), int), {}
    for name in ENDS:
        of_device = [values[name][index[0] == i] for i in range(shape[0])]
        ends[name] = np.array([x[0] if np.ptp(x) == 0 else x.mean() for x in of_device])
    if "conductance" in values:
        conductance = values["conductance"]
        np.add.at(trials, index, 1)
        np.add.at(mean, index, conductance)
        mean /= np.maximum(trials, 1)
        np.add.at(variance, index, (conductance - mean[index]) ** 2)
        variance /= np.maximum(trials - 1, 1)
        low, high = (ends[name][index[0]] for name in reversed(ENDS))
        level = np.clip((conductance - low) / (high - low), 0, 1)
        bins = np.minimum((level * _BINS).astype(int), _BINS - 1)
        np.add.at(histogram, (*index, bins), 1)
    else:
        rows = np.zeros(shape, int)
        np.add.at(rows, index, 1)
        twice = np.flatnonzero(rows[index] > 1)
        if len(twice):
            raise FileError(
                f"`{path}` must have one row for each device and pulse, "
                f"line {lines[twice[-1]]} is another one."
            )
        trials[index] = values["trials"].astype(int)
        mean[index], variance[index] = values["mean"], values["std"] ** 2
    arrays = {k: jnp.asarray(v) for k, v in ends.items()}
    return Levels(
        start=start,
        pulses=pulses,
        trials=jnp.asarray(trials),
        mean=jnp.asarray(mean),
        variance=jnp.asarray(variance),
        histogram=jnp.asarray(histogram),
        edges=jnp.linspace(0.0, 1.0, _BINS + 1),
        **arrays,
    )
