"""Columns of measured data, as text or numbers, from CSV and foreign HDF5 files."""

import csv
import dataclasses
import os
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from ._atomic import FileError
from ._hdf5 import find_member, opened_hdf5, read_numbers


_HDF5 = (".h5", ".hdf5", ".hdf", ".nc")
_COMMENT = ("#", "%")
_UNIT = re.compile(r"(.*?)\s*(?:\[(.*)\]|\((.*)\))")  # `Vp [mV]`, `R (kOhm)`
_CELL = 1 << 16  # characters in a line; a longer one is no table of measurements


@dataclasses.dataclass(frozen=True)
class Table:
    """Columns of equal length by what they hold; `lines` says where each row was."""

    path: str
    columns: Mapping[str, Sequence[Any] | np.ndarray]
    units: dict[str, str]  # of the columns whose name, header or attribute says it
    lines: Sequence[int]
    decimal_comma: bool


def read_table(
    path: str | os.PathLike, wanted: Mapping[str, str], dims: Sequence[str] | None
) -> Table:
    """The columns `wanted` of a file: what they hold, and `name` or `name in unit`.

    In a CSV file the header is the first line that has all of them; lines before it, empty
    lines and lines that start with `#` or `%` are passed over. In an HDF5 file a column is
    a dataset: all of one length, or, with `dims`, arrays over a grid.
    """
    if not pathlib.Path(path).is_file():
        raise FileError(f"`{path}` must be a file, there is none.")
    if pathlib.Path(path).suffix.lower() in _HDF5:
        return _hdf5(path, wanted, dims)
    if dims is not None:
        raise ValueError("`dims` must be left out: only an HDF5 file has a grid.")
    return _csv(path, wanted)


def _place(header: list[str], text: str) -> tuple[list[int], str | None]:
    """Where a column is, with the unit that its text or the header says."""
    name, _, unit = text.rpartition(" in ")
    split = [_UNIT.fullmatch(cell) for cell in header]
    whole = [(cell, m and (m[2] or m[3])) for cell, m in zip(header, split, strict=True)]
    bare = [(m[1] if m else None, unit) for m, (_, unit) in zip(split, whole, strict=True)]
    for key, told in ((text, None), (name, unit)):
        for cells in (whole, bare):
            places = [i for i, (cell, _) in enumerate(cells) if key and cell == key]
            if places:
                return places, told or cells[places[0]][1]
    return [], None


def _csv(path: str | os.PathLike, wanted: Mapping[str, str]) -> Table:
    content = pathlib.Path(path).read_bytes()
    if b"\0" in content[: 1 << 16]:
        raise FileError(f"`{path}` must be a text file, it holds zero bytes.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith(_COMMENT)
    ]
    nearest, most = [], 0
    for delimiter in (",", ";", "\t", "|", " "):
        for at, (_, line) in enumerate(lines):
            header = _cells(line, delimiter)
            found = sum(bool(_place(header, name)[0]) for name in wanted.values())
            if found == len(wanted):
                return _rows(path, header, lines[at + 1 :], delimiter, wanted)
            if found > most:
                nearest, most = header, found
    missing = [name for name in wanted.values() if not _place(nearest, name)[0]]
    told = f" it has {', '.join(nearest)}" if nearest else " no line is a header"
    raise FileError(f"`{path}` must have a column `{missing[0]}`,{told}.")


def _cells(line: str, delimiter: str) -> list[str]:
    if len(line) > _CELL:
        return []
    reader = csv.reader([line.strip(" ")], delimiter=delimiter, skipinitialspace=True)
    return [cell.strip() for cell in next(reader)]


def _rows(path, header, rows, delimiter, wanted) -> Table:
    places, units = {}, {}
    for name, text in wanted.items():
        (places[name], *more), unit = _place(header, text)
        if more:
            raise FileError(f"`{path}` must have one column `{text}`, it has more.")
        if unit:
            units[name] = unit
    columns: dict[str, list[str]] = {name: [] for name in wanted}
    for number, line in rows:
        cells = _cells(line, delimiter)
        if len(cells) <= max(places.values()):
            raise FileError(
                f"`{path}` must have {len(header)} cells in line {number}, "
                f"it has {len(cells)}."
            )
        for name, place in places.items():
            columns[name].append(cells[place])
    numbers = [number for number, _ in rows]
    return Table(str(path), columns, units, numbers, delimiter in ";\t")


def _hdf5(path, wanted, dims) -> Table:
    columns: dict[str, np.ndarray] = {}
    units: dict[str, str] = {}
    with opened_hdf5(path) as file:
        for name, text in wanted.items():
            key, _, unit = text.rpartition(" in ")
            if not key or text in file:
                key, unit = text, ""
            dataset: Any = find_member(file, key, h5py.Dataset)
            columns[name] = read_numbers(dataset, key, foreign=True)
            told = dataset.attrs.get("units", dataset.attrs.get("unit"))
            told = told.decode() if isinstance(told, bytes) else told
            if unit or isinstance(told, str):
                units[name] = unit or str(told)
    if dims is not None:
        columns = _flattened(path, columns, dims)
    lengths = {wanted[name]: x.shape for name, x in columns.items() if name in wanted}
    if {len(shape) for shape in lengths.values()} != {1} or len({*lengths.values()}) > 1:
        raise FileError(
            f"`{path}` must have columns of one length, or `dims` must name the dimensions "
            f"of a grid: it has {lengths}."
        )
    count = len(next(iter(columns.values())))
    return Table(str(path), columns, units, range(count), False)


def _flattened(path, columns, dims) -> dict[str, np.ndarray]:
    """The grid as a table: what is named in `dims` runs along its dimension."""
    shape = next((x.shape for x in columns.values() if x.ndim == len(dims)), None)
    if shape is None:
        raise FileError(f"`{path}` must have an array over {', '.join(dims)}, it has none.")
    if "device" in dims and "device" not in columns:
        columns = columns | {"device": np.arange(shape[list(dims).index("device")])}
    flat = {}
    for name, x in columns.items():
        if name in dims:
            ones = [-1 if d == name else 1 for d in dims]
            if x.shape == (shape[list(dims).index(name)],):
                x = x.reshape(ones)
        elif "device" in dims and x.shape == (shape[list(dims).index("device")],):
            x = x.reshape([-1 if d == "device" else 1 for d in dims])  # one a device
        try:
            flat[name] = np.broadcast_to(x, shape).ravel()
        except ValueError:
            raise FileError(
                f"`{path}` must have shape {shape} in `{name}`, it has {x.shape}."
            ) from None
    return flat
