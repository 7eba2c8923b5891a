"""What swept levels say of their spread: rows and figure of step 2."""

import dataclasses
from typing import Any

import numpy as np

from .._bootstrap import bootstrap
from .._card import Card
from .._paper import Row
from .._session import Session
from .._verdict import of_full
from ._after import fallen


# Reversed parts at which spreads are compared.
_ENDS = (0.05, 0.95)
_MIDDLE = (0.3, 0.4, 0.5, 0.6, 0.7)
_LOWER = (0.2, 0.3, 0.4)
NAMES = ("parallel", "antiparallel")


def of_full_run(session: Session, row: Row) -> Row:
    """The row, whose verdict on a published number is that of a full run only."""
    if not row.paper:
        return row
    return dataclasses.replace(row, verdict=of_full(session, row.verdict))


def spread_row(name: str, found: dict[str, np.ndarray], trials: int) -> Row:
    """Largest deviation over the cycles at the longest pulse, over the range."""
    part, deviation = found["part"][..., -1], found["deviation"][..., -1]
    own = 100 * deviation[:, np.argmax((deviation**2).mean(0))]
    return Row(
        f"{name}: largest cycle deviation over range",
        float(np.mean(own)),
        "%",
        bootstrap(own),
        runs=f"{len(own)} tessellations, {trials} cycles",
        control=f"device to device {100 * np.max(part.std(0, ddof=1)):.1f} %; "
        f"reversed at most {100 * part.mean(0).max():.0f} %",
    )


def deviation_at(
    part: np.ndarray, deviation: np.ndarray, shares: tuple[float, ...]
) -> np.ndarray:
    """Deviation of each device at reversed parts, root mean square over the widths.

    Interpolated between voltages; NaN where no pulse reverses so much or so little.

    **Arguments:**

    - `part`, `deviation`: Shape `(devices, voltages, widths)`.
    """
    found = np.full((len(part), len(shares)), np.nan)
    for device in range(len(part)):
        each = []
        for width in range(part.shape[2]):
            order = np.argsort(part[device, :, width])
            x, y = (v[device, order, width] for v in (part, deviation))
            each.append(np.interp(shares, x, y**2, left=np.nan, right=np.nan))
        known = np.isfinite(each)
        total = np.where(known, each, 0.0).sum(0)
        with np.errstate(invalid="ignore"):
            found[device] = np.sqrt(np.where(known.any(0), total, np.nan) / known.sum(0))
    return found


def _mean(x: np.ndarray) -> np.ndarray:
    """Over the shares of each device that have one."""
    known = np.isfinite(x)
    with np.errstate(invalid="ignore"):
        return np.where(known, x, 0.0).sum(1) / known.sum(1)


def quiet_ends(arrays: dict[str, Any], side: int) -> Row:
    """Whether intermediate levels vary more than the ends."""
    part, deviation = arrays[f"p{side}_part"], arrays[f"p{side}_deviation"]
    at = lambda shares: deviation_at(part, deviation, shares)
    ends, middle = at(_ENDS), _mean(at(_MIDDLE))
    ratio = middle / _mean(ends)
    ratio = ratio[np.isfinite(ratio)]
    reached = np.isfinite(ends).any(0)
    what = " and ".join(n for n, r in zip(NAMES, reached, strict=True) if r)
    return Row(
        f"{side} nm: deviation of middle levels over that of the ends",
        float(ratio.mean()) if ratio.size else None,
        interval=bootstrap(ratio),
        paper="ends least variable [T]",
        runs=f"{len(ratio)} tessellations" if ratio.size else "no end was reached",
        control=f"1 if the state did not matter; ends seen: {what or 'none'}",
        verdict=_held(arrays, ends_verdict(ratio, reached)),
    )


def _held(arrays: dict[str, Any], told: str) -> str:
    return told if arrays["outlives"] else fallen(told)


def ends_verdict(ratio: np.ndarray, reached: np.ndarray) -> str:
    """What the ratios of the devices say."""
    if not ratio.size:
        return "Not comparable because no pulse comes near an end."
    low, high = bootstrap(ratio)
    if low <= 1:
        vary = "more than the middle" if high < 1 else "as much, within the interval"
        return f"Not reached because the ends vary {vary}."
    told_ = f"the middle varies {ratio.mean():.1f} times as much"
    if reached.all():
        return f"Reached: {told_} as the ends."
    seen, missed = NAMES[:: 1 if reached[0] else -1]
    return (
        f"Reached at the {seen} end, {told_}; at the {missed} end not comparable because "
        "the pulses do not come so far."
    )


def symmetric(arrays: dict[str, Any], side: int) -> Row:
    """Whether levels near parallel vary as those that mirror them."""
    upper = tuple(1 - share for share in _LOWER)
    both = []
    for start in (f"p{side}", "ap"):
        at = lambda s, n=start: deviation_at(
            arrays[f"{n}_part"], arrays[f"{n}_deviation"], s
        )
        near, far = at(_LOWER), at(upper)
        known = np.isfinite(near) & np.isfinite(far)
        ratio = _mean(np.where(known, near, np.nan)) / _mean(np.where(known, far, np.nan))
        both.append(ratio[np.isfinite(ratio)])
    ratio, other = both
    return Row(
        f"{side} nm: deviation of levels near the start over those that mirror them",
        float(ratio.mean()) if ratio.size else None,
        interval=bootstrap(ratio),
        paper="intermediate variability symmetric [T]",
        runs=f"{len(ratio)} tessellations" if ratio.size else "not reached",
        control="1 if symmetric; from antiparallel "
        + (f"{other.mean():.2f}" if other.size else "not reached"),
        verdict=_held(arrays, symmetry_verdict(ratio)),
    )


def symmetry_verdict(ratio: np.ndarray) -> str:
    """What the ratios of the devices say."""
    if not ratio.size:
        return "Not comparable because pulses do not reverse enough to mirror a level."
    low, high = bootstrap(ratio)
    if low <= 1 <= high:
        return "Reached: 1 is in the interval."
    side = "near the start" if low > 1 else "far from the start"
    return f"Not reached because levels {side} vary more, by {ratio.mean():.2f}."


def plot_levels(figure: Any, arrays: dict[str, np.ndarray], card: Card) -> None:
    """Levels with their spread between devices, and deviations over the cycles."""
    left, right = figure.subplots(1, 2)
    volts = arrays["voltage"]
    names = [k[:-5] for k in arrays if k.endswith("_part")]
    own = int(arrays["side"])
    size = lambda name: int(name[1:]) if name[1:].isdigit() else own
    for name in sorted(names, key=lambda name: (size(name), name != f"p{own}", name)):
        part, deviation = arrays[f"{name}_part"], arrays[f"{name}_deviation"]
        label = f"{size(name)} nm, {1e9 * arrays[f'{name}_width'][-1]:g} ns"
        label += " from AP" if name == "ap" else ""
        spread = part[..., -1].std(0, ddof=1)
        left.errorbar(
            volts, part[..., -1].mean(0), spread, fmt="o-", ms=3, capsize=2, label=label
        )
        right.plot(part.reshape(-1), 100 * deviation.reshape(-1), ".", ms=4)
    left.set(xlabel="voltage (V)", ylabel="reversed part")
    right.set(xlabel="reversed part", ylabel="cycle deviation / range (%)")
    left.legend(fontsize=6)
