"""The values of one column of a table, in SI units."""

import decimal
import re

import numpy as np

from ._atomic import FileError
from ._table import Table
from ._units import conversion, parse_quantity


PULSE = ("voltage", "width", "rise", "fall")
ENDS = ("parallel", "antiparallel")
_UNITS = dict(zip(PULSE, ("V", "s", "s", "s"), strict=True)) | {
    **{"trials": "1", "switched": "1"},
    **dict.fromkeys(("conductance", "mean", "std", *ENDS), "S"),
}
_RECIPROCAL = ("conductance", *ENDS)  # may be given as resistances
_MISSING = {"", "-", "--", "nan", "na", "n/a", "#n/a", "none", "null", "inf", "-inf"}
_WORDS = {"true": "1", "yes": "1", "y": "1", "false": "0", "no": "0", "n": "0"}
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_OVERFLOW = 9.9e37  # instruments that speak SCPI write this for "no value"


def column_values(table: Table, name: str, text: str, keep: np.ndarray) -> np.ndarray:
    """The values in SI units; NaN where there is none."""
    unit, count = _UNITS[name], len(table.lines)
    if text.startswith("="):
        return np.full(count, _constant(name, text[1:].strip(), unit))
    told = None if unit == "1" else table.units.get(name)
    try:
        factor, offset, invert = _conversion(name, told, unit)
    except ValueError as error:
        raise FileError(f"`{table.path}` has a wrong unit for `{name}`: {error}.") from None
    cells = table.columns[name]
    if isinstance(cells, np.ndarray):
        if told is None and unit != "1":
            raise _no_unit(table.path, name, text)
        value = cells * float(factor) + float(offset)
        with np.errstate(divide="ignore"):
            return np.where(np.isfinite(value), 1 / value if invert else value, np.nan)
    out = np.full(count, np.nan)
    for i in np.flatnonzero(keep).tolist():
        cell = str(cells[i])
        if table.decimal_comma and "." not in cell:
            cell = cell.replace(",", ".")
        cell = _WORDS.get(cell.lower(), cell) if name == "switched" else cell
        if cell.lower() in _MISSING:
            continue
        if _NUMBER.fullmatch(cell):
            if told is None and unit != "1":
                raise _no_unit(table.path, name, text)
            if abs(float(cell)) < _OVERFLOW:
                out[i] = float(decimal.Decimal(cell) * factor + offset)
        else:
            try:
                out[i] = _with_unit(name, cell, unit)
            except ValueError as error:
                raise FileError(f"`{table.path}`, line {table.lines[i]}: {error}") from None
            continue
        out[i] = 1 / out[i] if invert and out[i] else out[i]
    return out


def _no_unit(path: str, name: str, text: str) -> FileError:
    return FileError(
        f"`{path}` must say the unit of `{name}`, it does not: write "
        f"`{text} in {_UNITS[name]}` or whichever unit it is."
    )


def _conversion(name, told, unit):
    if told is None:
        return decimal.Decimal(1), decimal.Decimal(0), False
    try:
        return *conversion(told, unit), False
    except ValueError:
        if name not in _RECIPROCAL:
            raise
    try:
        return *conversion(told, "Ohm"), True
    except ValueError:
        raise ValueError(f"{told!r} is not a unit of [S] or [Ohm]") from None


def _constant(name: str, text: str, unit: str) -> float:
    if unit != "1" and _NUMBER.fullmatch(text):
        raise ValueError(f"`{name}` must have a unit, got '={text}'.")
    return _with_unit(name, text, unit)


def _with_unit(name: str, text: str, unit: str) -> float:
    """The SI value of text with its own unit; of a resistance, the conductance."""
    try:
        return parse_quantity(text, unit, name=name)
    except ValueError:
        if name not in _RECIPROCAL:
            raise
    try:
        resistance = parse_quantity(text, "Ohm", name=name)
    except ValueError:
        raise ValueError(
            f"`{name}` must be a number with a unit of [S] or [Ohm], got {text!r}."
        ) from None
    return 1 / resistance if resistance else np.inf


def check_values(path: str, values: dict[str, np.ndarray], lines: np.ndarray) -> None:
    def refuse(wrong, name, must):
        if np.any(wrong):
            i = np.flatnonzero(wrong)[0]
            raise FileError(
                f"`{path}`, line {lines[i]}: `{name}` must be {must}, "
                f"got {values[name][i]:g}."
            )

    for name, value in values.items():
        if name in ("trials", "switched"):
            refuse((value < 0) | (value % 1 != 0), name, "a count, 0 or more")
        elif name in ("rise", "fall", "std"):
            refuse(value < 0, name, f">= 0 [{_UNITS[name]}]")
        elif name != "voltage":
            refuse(~(value > 0) | np.isinf(value), name, f"> 0 [{_UNITS[name]}]")
    if "switched" in values:
        trials = values.get("trials")
        most = "`trials`" if trials is not None else "0 or 1, for one attempt a row"
        above = values["switched"] > (1 if trials is None else trials)
        refuse(above, "switched", f"at most {most}" if trials is not None else most)
