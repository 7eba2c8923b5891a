"""Numbers with units, as text in configurations and tables; SI floats inside.

pint does the conversion, in exact decimal numbers, so that `"50 nm"` is `50e-9` to the
last bit. It never sees the text: the text is read by the small grammar here (pint
evaluates `"9**9**9 m"` for ever, and reads many short words as units nobody meant).
"""

import decimal
import functools
import math
import re
from typing import Any


_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?)(.*)", re.DOTALL)
_TOKEN = re.compile(r"\s*(?:([A-Za-zµμΩÅ°%]+|1(?!\d))(?:(?:\^|\*\*)?([+-]?\d))?|([()*/·]))")
_SUPERSCRIPTS = str.maketrans({"²": "2", "³": "3", "\N{OHM SIGN}": "Ω", "\u00a0": " "})

# Symbols that take an SI prefix, and symbols that do not, with their names in pint.
_BASE = {
    "m": "meter",
    "s": "second",
    "A": "ampere",
    "V": "volt",
    "Ohm": "ohm",
    "ohm": "ohm",
    "Ω": "ohm",
    "S": "siemens",
    "T": "tesla",
    "J": "joule",
    "eV": "electron_volt",
    "W": "watt",
    "N": "newton",
    "F": "farad",
    "C": "coulomb",
    "H": "henry",
    "Wb": "weber",
    "Hz": "hertz",
    "Pa": "pascal",
    "g": "gram",
    "K": "kelvin",
    "rad": "radian",
    "Oe": "mtjax_oersted",
    "G": "mtjax_gauss",
    "erg": "erg",
    "emu": "mtjax_emu",
}
_PLAIN = {
    "1": "dimensionless",
    "%": "percent",
    "deg": "degree",
    "min": "minute",
    "h": "hour",
    "day": "day",
    "year": "year",
    "Å": "angstrom",
}
_CELSIUS = ("degC", "°C")
_PREFIX = {
    "a": "atto",
    "f": "femto",
    "p": "pico",
    "n": "nano",
    "u": "micro",
    "µ": "micro",
    "μ": "micro",
    "m": "milli",
    "c": "centi",
    "k": "kilo",
    "M": "mega",
    "G": "giga",
    "T": "tera",
}


def parse_quantity(text: str, unit: str, *, name: str = "value") -> float:
    """The SI number that `text` says, as a quantity of `unit`.

    A number without a unit is SI. `"-40 degC"` is a temperature in kelvin; fields in
    oersted or gauss are flux densities in tesla (`B = mu0 H`).

    **Arguments:**

    - `text`: Number and unit, such as `"50 nm"`, `"1.2 mA"`, `"5 Ohm um^2"`, `"300"`. A
      product in a denominator is in parentheses: `"1.76e11 rad/(s T)"`.
    - `unit`: SI unit of the answer, as in `quantity`.
    - `name`: What the error sentence calls it.

    >>> parse_quantity("50 nm", "m")
    5e-08
    """
    wanted = f"`{name}` must be a number" + (
        "" if unit == "1" else f" with a unit of [{unit}]"
    )
    refused = ValueError(f"{wanted}, got {_shorten(text)}.")
    match = _NUMBER.fullmatch(text) if len(text) <= 200 else None
    if match is None or not math.isfinite(float(match[1])):
        raise refused
    number, rest = match[1], match[2].strip()
    if not rest:
        return float(number)
    try:
        factor, offset = conversion(rest, unit)
    except ValueError as error:
        raise ValueError(f"{wanted}, got {_shorten(text)}: {error}") from None
    with decimal.localcontext(prec=50):
        value = float(decimal.Decimal(number) * factor + offset)
    if not math.isfinite(value):
        raise refused
    return value


@functools.lru_cache(maxsize=1024)
def conversion(source: str, unit: str) -> tuple[decimal.Decimal, decimal.Decimal]:
    """`(factor, offset)`, exact: `x` in `source` is `x * factor + offset` in `unit`.

    `ValueError` if one of them is not a unit known here, or they differ in dimension.
    """
    celsius = source.strip() in _CELSIUS
    a, b = _unit("K" if celsius else source), _unit(unit)
    if a.dimensionality != b.dimensionality:
        raise ValueError(f"{_shorten(source)} is not a unit of [{unit}]")
    with decimal.localcontext(prec=50):
        factor = _registry().Quantity(decimal.Decimal(1), a).to(b).magnitude
        offset = decimal.Decimal("273.15") if celsius else decimal.Decimal(0)
        return decimal.Decimal(factor), offset * factor


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


@functools.cache
def _registry() -> Any:
    import pint  # takes .3 s, and only text needs it

    number: Any = decimal.Decimal  # annotated as `type[float]`, documented for Decimal
    registry = pint.UnitRegistry(non_int_type=number, cache_folder=None)
    registry.define("mtjax_oersted = 1e-4 tesla")
    registry.define("mtjax_gauss = 1e-4 tesla")
    registry.define("mtjax_emu = 1e-3 ampere * meter ** 2")
    return registry


def _symbol(symbol: str) -> str:
    if symbol in _PLAIN:
        return _PLAIN[symbol]
    if symbol in _BASE:
        return _BASE[symbol]
    if symbol[:1] in _PREFIX and symbol[1:] in _BASE:
        return _PREFIX[symbol[0]] + _BASE[symbol[1:]]
    if symbol in _CELSIUS:
        raise ValueError("degC stands alone; a difference is in K")
    raise ValueError(f"{_shorten(symbol)} is not a unit known here")


@functools.lru_cache(maxsize=1024)
def _unit(text: str) -> Any:
    """Product of powers of known symbols; one `/`, with a product after it in `( )`."""
    complaint = ValueError(f"{_shorten(text)} cannot be read as a unit")
    rest = text.translate(_SUPERSCRIPTS).strip()
    product, divide, group, factors = _registry().Unit(""), False, "", 0
    joined = True  # the next token may be a symbol of a product written with `*` or `/`
    if len(rest) > 60:
        raise complaint
    while rest:
        match = _TOKEN.match(rest)
        if match is None:
            raise complaint
        rest = rest[match.end() :].lstrip()
        symbol, power, mark = match.groups()
        if symbol:
            if divide and group != "(" and factors:
                raise ValueError(
                    f"{_shorten(text)} is ambiguous: write a product after `/` in ( )"
                )
            if group == ")":
                raise complaint
            exponent = int(power or 1) * (-1 if divide else 1)
            product = product * _registry().Unit(_symbol(symbol)) ** exponent
            factors, joined = factors + 1, False
        elif mark == "/" and not divide and not joined:
            divide, factors, joined = True, 0, True
        elif mark in "*·" and not joined:
            joined = True
        elif mark == "(" and divide and not group and not factors:
            group = "("
        elif mark == ")" and group == "(" and not joined:
            group = ")"
        else:
            raise complaint
    if joined or group == "(":
        raise complaint
    return product
