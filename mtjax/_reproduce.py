"""Runs published systems in directories; one configuration each, resumable."""

import dataclasses
import difflib
import json
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

from mtjax import data
from mtjax.training import papers

from ._config import write
from ._directory import open_run, provenance, write_whole
from ._progress import stage
from ._tree import BadInput, Plain


@dataclasses.dataclass(frozen=True)
class Chosen:
    """What a directory of a paper belongs to."""

    values: dict[str, Plain]

    def toml(self) -> str:
        return write(self.values)


def named(name: str) -> papers.Paper:
    """The paper, or one sentence that says which there are."""
    if name not in papers.PAPERS:
        near = difflib.get_close_matches(name, papers.PAPERS, 1, cutoff=0.0)[0]
        raise BadInput(f"`{name}` is none of the papers; the nearest is `{near}`.")
    return papers.PAPERS[name]


def listed() -> str:
    """The papers with their titles, steps and times."""
    lines = []
    for paper in papers.PAPERS.values():
        quick, full = paper.minutes
        lines.append(
            f"{paper.name}: {paper.title}\n    {paper.reference}\n    {len(paper.steps)} "
            f"steps; about {full:g} min on 2 cores, {quick:g} min with --quick"
        )
    return "\n".join(lines)


def one(paper: papers.Paper, out: pathlib.Path, quick: bool, seed: int) -> str:
    """Runs the steps of a paper that are not in `out` yet; returns its table."""
    result, rows = _run(paper, out, quick, seed)
    head = f"{paper.title}\n{paper.reference}\ncard sha256 {result['card']}"
    absent = [f"Step {n} was left out: {why}" for n, why in result["left_out"].items()]
    took = f"{out}/ holds table, figures and result.json ({result['seconds']:.0f} s)."
    return "\n\n".join([head, papers.table(rows), *absent, took])


def every(out: pathlib.Path, quick: bool, seed: int) -> str:
    """Runs all papers, each in a directory of its own; returns one table."""
    told = []
    for paper in papers.PAPERS.values():
        result, rows = _run(paper, out / paper.name, quick, seed)
        told += [(paper.name, result, rows)]
    lines = [f"{name}: card sha256 {result['card']}" for name, result, _ in told]
    lines += [
        f"{name}: step {number} was left out: {why}"
        for name, result, _ in told
        for number, why in result["left_out"].items()
    ]
    body = [
        (number, dataclasses.replace(row, quantity=f"{name}: {row.quantity}"))
        for name, _, rows in told
        for number, row in rows
    ]
    text = "\n".join(lines) + "\n\n" + papers.table(body)
    write_whole(out / "table.txt", text + "\n")
    return text


def _run(paper, out, quick, seed) -> tuple[dict[str, Any], list[tuple[int, papers.Row]]]:
    card = paper.card()
    chosen = Chosen(
        {"paper": paper.name, "card": card.sha256, "quick": quick, "seed": seed}
    )
    left_out = _without_data(paper.steps)
    for number, why in left_out.items():
        print(f"{paper.name}: step {number} is left out: {why}", file=sys.stderr)
    with open_run(out, chosen) as directory:
        made = provenance() | {"configuration": chosen.toml()}
        session = papers.Session(directory.path, card, quick=quick, seed=seed, made=made)
        found: dict[int, papers.Result] = {}
        figures: dict[int, str | None] = {}
        unfinished = {step.number: "not finished yet." for step in paper.steps}
        result = _result(paper, session, found, figures, unfinished | left_out)
        for step in paper.steps:
            if step.number in left_out:
                continue
            with stage(f"{paper.name} {step.number}: {step.title}") as progress:
                session.progress = progress
                found[step.number] = session.run(step)
            figures[step.number] = _figure(paper, step, found[step.number], card, out)
            absent = unfinished | left_out
            absent = {n: why for n, why in absent.items() if n not in found}
            result = _result(paper, session, found, figures, absent)
            write_whole(out / "result.json", json.dumps(result, indent=1) + "\n")
            write_whole(out / f"{paper.name}.md", papers.page(paper, result))
        rows = [(n, row) for n, step in found.items() for row in step.rows]
        head = f"{paper.name}, card sha256 {card.sha256}\n"
        write_whole(out / "table.txt", head + papers.table(rows) + "\n")
    return result, rows


def _result(paper, session, found, figures, absent) -> dict[str, Any]:
    """What `result.json` holds: all that is finished, and why the rest is not there."""
    card, made = session.card, session.made
    seconds = {number: session.seconds(number) for number in found}
    of_step = {number: session.made_by(number) for number in found}
    return {
        "paper": paper.name,
        "title": paper.title,
        "reference": paper.reference,
        "card": card.sha256,
        "quick": session.quick,
        "seed": session.seed,
        "mtjax": made["mtjax"],
        "commit": made["commit"],
        "command": _command(paper, session.quick, session.seed),
        "machine": made["machine"],
        "seconds": sum(seconds.values()),
        "steps": {
            str(step.number): {
                "title": step.title,
                "seconds": seconds[step.number],
                **of_step[step.number],
                "rows": [row.plain() for row in found[step.number].rows],
                "figure": figures[step.number],
            }
            for step in paper.steps
            if step.number in found
        },
        "left_out": {str(number): why for number, why in absent.items()},
        "sizes": {
            key.removeprefix("sizes."): entry
            for key, entry in card.entries.items()
            if key.startswith("sizes.")
        },
    }


def _command(paper: papers.Paper, quick: bool, seed: int) -> str:
    extra = (" --quick" if quick else "") + (f" --seed {seed}" if seed else "")
    return f"mtjax reproduce {paper.name}{extra}"


def _figure(paper, step, found, card, out) -> str | None:
    """The name of the figure of a step, drawn from its arrays."""
    if step.plot is None:
        return None
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.2), layout="constrained")
    step.plot(figure, found.arrays, card)
    name = f"{paper.name}-{step.number}.png"
    figure.savefig(out / name, dpi=110)
    return name


def _without_data(steps: Sequence[papers.Step]) -> dict[int, str]:
    """Why steps cannot be run: the sentence about the first data set that is not there."""
    absent: dict[str, str] = {}
    for name in sorted({name for step in steps for name in step.data}):
        try:
            data.images(name, limit=1)
        except data.FileError as error:
            absent[name] = str(error)
    return {
        step.number: next(absent[name] for name in step.data if name in absent)
        for step in steps
        if set(step.data) & set(absent)
    }
