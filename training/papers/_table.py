"""Rows as text for a terminal and as Markdown for a page."""

from collections.abc import Sequence

import numpy as np

from .._paths import text_table
from ._paper import Row


HEAD = ("step", "quantity", "paper", "obtained", "95 %", "runs", "control", "verdict")


def cells(step: int, row: Row) -> tuple[str, ...]:
    """The eight cells of a row."""
    return (
        str(step),
        row.quantity,
        row.paper or "-",
        _number(row.obtained, row.unit),
        _span(row),
        row.runs,
        row.control,
        row.verdict,
    )


def table(rows: Sequence[tuple[int, Row]]) -> str:
    """As text; verdicts stand below the line they belong to."""
    lines = [HEAD[:-1], *(cells(step, row)[:-1] for step, row in rows)]
    head, *body = text_table(lines).split("\n")
    told = [head]
    for line, (_, row) in zip(body, rows, strict=True):
        told.append(line)
        if row.verdict:
            told.append(f"        {row.verdict}")
    return "\n".join(told)


def markdown(rows: Sequence[tuple[int, Row]]) -> str:
    """As a Markdown table, with the columns that are used."""
    lines = [cells(step, row)[1:] for step, row in rows]
    used = [any(line[i] not in ("", "-") for line in lines) for i in range(len(HEAD) - 1)]
    pick = lambda line: [
        c.replace("|", "\\|") for c, u in zip(line, used, strict=True) if u
    ]
    told = [pick(HEAD[1:]), ["---"] * sum(used), *map(pick, lines)]
    return "\n".join("| " + " | ".join(line) + " |" for line in told)


def _number(value: float | None, unit: str) -> str:
    if value is None or np.isnan(value):
        return "-"
    return f"{value:.4g} {unit}".rstrip()


def _span(row: Row) -> str:
    if row.interval is None or not np.all(np.isfinite(row.interval)):
        return ""
    low, high = row.interval
    return f"{low:.4g} to {high:.4g}"
