"""What a run tells: the summary as plain values, and the same as text."""

from typing import Any

import numpy as np

from mtjax import compact

from . import __version__
from ._measure import describe
from ._setup import Setup, Sweep


CONVENTIONS = {
    "I": "input converter, straight-through",
    "O": "output converter, straight-through",
    "R": "weights rounded to levels: held",
    "A": "voltages of the levels, scales and ranges of the converters: held",
    "T": "grain centres and neighbours: held",
}


def summary(
    setup: Setup,
    fits: dict[str, compact.Fit],
    learned: dict[str, Any],
    code: list[dict[str, Any]],
    truth: dict[str, Any],
) -> dict[str, Any]:
    """The results of a run as plain values, the same for the same configuration."""
    cell = fits["levels"].model
    table = cell.levels(cell.assign(setup.array.levels))
    return {
        "mtjax": __version__,
        "seed": setup.seed,
        "fits": {name: describe(fit) for name, fit in fits.items()},
        "levels": {
            name: np.asarray(getattr(table, name)).tolist()
            for name in ("voltage", "conductance", "cycle_std", "device_std")
        },
        "networks": {name: _network(result) for name, result in learned.items()},
        "sensitivities": {
            "data": setup.sensitivities.data,
            "losses": truth["losses"],
            "rows": _rows(setup, code, truth["rows"]),
            "code": _subset(setup.sensitivities.code, "float64"),
            "truth": _subset(setup.sensitivities.truth, "float32"),
            "samples": setup.sensitivities.samples,
            "keys": setup.sensitivities.keys,
        },
    }


def _network(result: dict[str, Any]) -> dict[str, Any]:
    spread = {}
    for name, chips in result["chips"].items():
        low, median, high = np.quantile(chips, [0.25, 0.5, 0.75]).tolist()
        spread[name] = {
            "chips": len(chips),
            "median": median,
            "quartiles": [low, high],
            "extremes": [min(chips), max(chips)],
        }
    kept = {name: result[name] for name in ("samples", "baseline", "float")}
    return kept | spread


def _rows(setup: Setup, code, truth) -> list[dict[str, Any]]:
    checked = {row["name"]: row for row in code}
    letters = [
        letter
        for letter, used in (
            ("I", setup.array.dac_bits),
            ("O", setup.array.adc_bits),
            ("R", True),
            ("A", True),
            ("T", True),
        )
        if used is not None
    ]
    return [
        row | {"code": checked.get(row["name"]), "conventions": "".join(letters)}
        for row in sorted(truth, key=lambda row: row["name"] not in checked)
    ]


def _subset(sweep: Sweep, dtype: str) -> str:
    grid = " x ".join(f"{len(getattr(sweep.pulses, a))} {a}s" for a in sweep.pulses.axes)
    steps = sweep.grid.steps
    return f"{sweep.draws} draw(s), {grid}, {sweep.trials} trials, {steps} steps, {dtype}"


def text(summary: dict[str, Any]) -> str:
    """The summary as a person reads it."""
    parts = (fits, _levels, _networks, _sensitivities)
    title = f"mtjax {summary['mtjax']}, seed {summary['seed']}"
    return "\n\n".join([title, *(part(summary) for part in parts)]) + "\n"


def _columns(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.ljust(width) if first else cell.rjust(width)
            for first, cell, width in zip(
                [True] + [False] * len(row), row, widths, strict=False
            )
        )
        for row in rows
    )
    return "\n".join("  " + line.rstrip() for line in lines)


def fits(summary: dict[str, Any]) -> str:
    """The quantities of the fits in `summary`, each with its standard error."""
    blocks = []
    for name, fit in summary["fits"].items():
        rows = [["", "value", "std. error", "unit"]]
        for key, entry in fit["quantities"].items():
            error = entry["standard_error"]
            shown = "held" if error is None else f"{error:.2g}"
            rows.append([key, f"{entry['value']:.5g}", shown, entry["unit"]])
        chi = f"chi-square {fit['chi_square']:.1f} on {fit['degrees']:.0f} degrees"
        blocks.append(f"Fit of {name}: {fit['outcome']} {chi}\n{_columns(rows)}")
    return "\n\n".join(blocks)


def _levels(summary) -> str:
    levels = summary["levels"]
    rows = [
        ["level", "voltage / V", "conductance / uS", "cycle to cycle", "device to device"]
    ]
    for i, voltage in enumerate(levels["voltage"]):
        microsiemens = (
            f"{1e6 * levels[name][i]:.2f}"
            for name in ("conductance", "cycle_std", "device_std")
        )
        rows.append([str(i), f"{voltage:.4f}", *microsiemens])
    return "Levels of a cell, as assigned\n" + _columns(rows)


def _networks(summary) -> str:
    rows = [
        ["data", "trivial", "float", "array", "quartiles", "worst to best", "placed only"]
    ]
    percent = lambda x: f"{100 * x:.1f}"
    span = lambda pair: " to ".join(map(percent, pair))
    for name, entry in summary["networks"].items():
        array = entry["array"]
        rows.append(
            [
                f"{name} ({entry['samples'][1]} test samples)",
                percent(entry["baseline"]),
                percent(entry["float"]),
                percent(array["median"]),
                span(array["quartiles"]),
                span(array["extremes"]),
                percent(entry["placed"]["median"]),
            ]
        )
    chips = next(iter(summary["networks"].values()))["array"]["chips"]
    return (
        f"Accuracy in per cent; array: median of {chips} chips, each programmed once, of a "
        "network\ntrained with the array in the loop; placed only: of the float network\n"
        + _columns(rows)
    )


def _sensitivities(summary) -> str:
    found = summary["sensitivities"]
    rows = [["parameter", "value", "unit", "(a) reverse", "differences", "rel. error"]]
    rows[0] += ["(b) truth", "std. error", "", "(c)"]
    for row in found["rows"]:
        check = row["code"]
        a = ["", "", ""]
        if check is not None:
            a = [f"{check['reverse']:+.5e}", f"{check['difference']:+.5e}"]
            a.append(f"{check['relative_error']:.1e}")
        b = [f"{row['log_gradient']:+.2e}", f"{row['standard_error']:.1e}"]
        b.append("" if row["resolved"] else "not resolved")
        rows.append(
            [row["name"], f"{row['value']:.4g}", row["unit"], *a, *b, row["conventions"]]
        )
    letters = {letter for row in found["rows"] for letter in row["conventions"]}
    legend = "\n".join(f"    {k}: {v}" for k, v in CONVENTIONS.items() if k in letters)
    losses = np.array(found["losses"])
    return (
        f"d loss / d ln(parameter), loss of the {found['data']} network on "
        f"{found['samples']} test samples\n"
        f"  (a) code: {found['code']}, ideal converters, levels at the end of the pulse\n"
        f"  (b) truth: mean over {found['keys']} keys with fresh grains, {found['truth']}, "
        "by the likelihood ratio; "
        f"loss {losses.mean():.3f} +- {losses.std(ddof=1) / np.sqrt(len(losses)):.3f}\n"
        "  (c) steps of (b) whose derivative is a convention, or that are held:\n"
        f"{legend}\n{_columns(rows)}"
    )
