"""What the exports share: parameter cards and formulas as text."""

import math
from collections.abc import Sequence

import numpy as np

from ..data import quantities, Quantity
from ._switching_junction import SwitchingJunction
from ._write_error import (
    _B_RATE,
    _RATE,
    _RATE_FINITE,
    _RATE_FIRST,
    _RATE_NEAR,
    _RATE_SECOND,
)


B_RATE = repr(_B_RATE)
BROWN = repr(math.exp(_B_RATE**2 / 2) / math.sqrt(math.pi))

# What an instance adds to the card: local deviations, start state, random numbers.
INSTANCE = (
    ("state0", 1.0, "initial state: 1 parallel, -1 antiparallel"),
    ("u_p", 0.5, "uniform random number of the next event from P, in (0, 1)"),
    ("u_ap", 0.5, "uniform random number of the next event from AP, in (0, 1)"),
    ("mc_resistance", 0.0, "mismatch of ln resistance, of this instance"),
    ("mc_critical", 0.0, "mismatch of ln threshold, both directions"),
    ("mc_stability", 0.0, "mismatch of ln stability"),
    ("gl_resistance", 0.0, "global deviation of ln resistance, of the wafer"),
    ("gl_critical", 0.0, "global deviation of ln threshold, both directions"),
    ("gl_stability", 0.0, "global deviation of ln stability"),
    ("snap", 1e-11, "time constant of a reversal once it fires [s]"),
)


def card(model: SwitchingJunction) -> dict[str, tuple[float, Quantity]]:
    """Value and quantity by exported name; the names of the parts do not collide."""
    rows = {}
    for part, rename in (
        (model.junction, {"reference": "reference_junction"}),
        (model.switching, {}),
        (model.law, {"reference": "reference_magnet", "exponent": "anisotropy_exponent"}),
    ):
        for name, known in quantities(part).items():
            if name in ("weakest", "strongest", "shortest", "longest"):
                continue  # the fitted range: no physics
            value = np.asarray(getattr(part, name))
            if value.ndim:
                raise ValueError(
                    f"`{name}` must be a scalar to be exported, got shape {value.shape}."
                )
            rows[rename.get(name, name)] = (float(value), known)
    return rows


def horner(coefficients: Sequence[float], x: str) -> str:
    """The polynomial as nested products."""
    text = f"({coefficients[-1]!r})"
    for c in reversed(coefficients[:-1]):
        text = f"({c!r}+{x}*{text})"
    return text


def rate_polynomials(s: str) -> dict[str, str]:
    """The polynomials of `escape_rate` in the variable named `s`."""
    return {
        "first": horner(_RATE, s),
        "second": horner(_RATE_FINITE, s),
        "near": horner(_RATE_NEAR, s),
        "one": horner(_RATE_FIRST, s),
        "two": horner(_RATE_SECOND, s),
    }
