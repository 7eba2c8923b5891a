"""The page of a reproduced paper, every number of it from the results."""

import inspect
from typing import Any

from ._paper import Paper, Row
from ._table import markdown


def page(paper: Paper, result: dict[str, Any]) -> str:
    """Markdown: what is published, sizes, and table and figure of each step.

    **Arguments:**

    - `result`: The content of `result.json`.
    """
    lines = [
        f"# {paper.title}",
        paper.reference,
        paper.about,
        f"`{result['command']}`: {_kind(result)}, seed {result['seed']}, "
        f"{result['seconds']:.0f} s on {result['machine']}, {_version(result)}. Parameter "
        f"card `training/papers/cards/{paper.name}.toml`, "
        f"sha256 `{result['card']}`. A step that another commit or card made says so.",
        "Grades of published numbers: [P] the paper's own abstract or page, [T] a third "
        "party's summary, [D] arithmetic from those, [M] a prototype of ours. Intervals "
        "are 95 %, over the unit that `runs` names first: by bootstrap, or of 2 to 5 units "
        "by Student's t.",
        "## Published numbers\n\n" + _published(result),
    ]
    for step in paper.steps:
        lines.append(f"## {step.number}. {step.title}")
        lines.append(inspect.getdoc(step.run) or "")
        found = result["steps"].get(str(step.number))
        if found is None:
            lines.append(f"Left out: {result['left_out'][str(step.number)]}")
            continue
        rows = [(step.number, Row.of(row)) for row in found["rows"]]
        lines.append(markdown(rows))
        if found["figure"]:
            lines.append(f"![{step.title}]({found['figure']})")
        lines.append(f"{found['seconds']:.0f} s{_another(result, found)}.")
    lines.append("## Sizes\n\n" + _sizes(result))
    return "\n\n".join(filter(None, lines)) + "\n"


def _kind(result: dict[str, Any]) -> str:
    """Which run it is, and which steps of it are not there."""
    kind = f"the {'quick' if result['quick'] else 'full'} run"
    absent = ", ".join(result["left_out"])
    return f"{kind} without step {absent}" if absent else kind


def _version(made: dict[str, Any]) -> str:
    told = f"mtjax {made['mtjax']}"
    return f"{told}, commit `{made['commit']}`" if made.get("commit") else told


def _another(result: dict[str, Any], step: dict[str, Any]) -> str:
    """What made the step, where that is not what the head of the page says."""
    told = ""
    if step.get("commit") != result.get("commit") or step["mtjax"] != result["mtjax"]:
        told = f"; {_version(step)}"
        if not step.get("commit"):
            told += ", of a commit that was not recorded: its intervals are by bootstrap, "
            told += "however few the units"
    if step.get("card") != result["card"]:
        told += f"; card sha256 `{step['card'] or 'not recorded'}`"
    return told


def _published(result: dict[str, Any]) -> str:
    rows = [
        (int(number), Row.of(row))
        for number, step in result["steps"].items()
        for row in step["rows"]
        if row["paper"]
    ]
    return markdown(rows) if rows else "None of the steps that were run has one."


def _sizes(result: dict[str, Any]) -> str:
    lines = ["| size | protocol | full run | quick run | why |", "| --- " * 5 + "|"]
    for name, entry in result["sizes"].items():
        shown = [str(entry.get(k, "-")) for k in ("protocol", "full", "quick", "source")]
        lines.append(f"| {name} | " + " | ".join(shown) + " |")
    return "\n".join(lines)
