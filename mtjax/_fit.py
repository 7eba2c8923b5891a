"""What `mtjax fit` does: measured statistics, a model, its text, files and figures."""

import hashlib
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp

from mtjax import compact, data
from mtjax.data import Levels, Outcome, State, Switching

from ._config import Config
from ._directory import open_run, write_whole
from ._fit_figures import draw
from ._measure import describe
from ._progress import stage
from ._report import fits as fits_text
from ._tree import BadInput, flatten


MODELS = {
    "switching": (Switching, compact.SwitchingProbability),
    "macrospin": (Switching, compact.MacrospinSwitching),
    "spin-orbit": (Switching, compact.SpinOrbitSwitching),
    "levels": (Levels, compact.GranularSynapse),
    "population": (Levels, compact.SynapsePopulation),
}


class Asked(eqx.Module):
    """What decides the numbers of a fit; it belongs to its directory."""

    file: str = eqx.field(static=True)
    sha256: str = eqx.field(static=True)
    model: str = eqx.field(static=True)
    map: tuple[str, ...] = eqx.field(static=True)
    parallel: tuple[str, ...] | None = eqx.field(static=True)
    antiparallel: tuple[str, ...] | None = eqx.field(static=True)
    where: tuple[str, ...] = eqx.field(static=True)
    dims: tuple[str, ...] = eqx.field(static=True)
    flip: bool = eqx.field(static=True)
    free: tuple[str, ...] = eqx.field(static=True)


def ask(
    file: pathlib.Path,
    *,
    map: Sequence[str] | None,
    starts: Mapping[str, Sequence[str] | None],
    where: Sequence[str] | None,
    dims: Sequence[str] | None,
    flip: bool,
    model: str | None,
    free: Sequence[str] | None,
) -> tuple[Asked, Any, list[str]]:
    """What was asked, with the statistics of the file and notes on what they leave out."""
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise BadInput(f"`{file}` must be a readable file: {error.strerror}.") from error
    if map is None:
        statistics, notes = _own(file), []
    else:
        statistics, notes = _measured(file, _pairs("map", map), starts, where, dims)
    sets = statistics if isinstance(statistics, tuple) else (statistics,)
    sets = tuple(_driven(one, flip) for one in sets)
    kind = type(sets[0])
    if model is None:
        model = "levels" if kind is Levels else "macrospin" if sets[1:] else "switching"
    if model not in MODELS or MODELS[model][0] is not kind:
        fitting = [f'"{name}"' for name, (of, _) in MODELS.items() if of is kind]
        raise BadInput(f"`--model` must be {' or '.join(fitting)} here, got {model!r}.")
    if sets[1:] and model != "macrospin":
        raise BadInput(
            f"`--model {model}` must have `--parallel` or `--antiparallel`, got both."
        )
    given = lambda texts: None if texts is None else tuple(texts)
    asked = Asked(
        file.name,
        digest,
        model,
        tuple(map or ()),
        given(starts["parallel"]),
        given(starts["antiparallel"]),
        tuple(where or ()),
        tuple(dims or ()),
        flip,
        tuple(free or ()),
    )
    return asked, sets if sets[1:] else sets[0], notes


def _driven(statistics: Any, flip: bool) -> Any:
    """The statistics in the sign convention of mtjax; refused if no pulse can switch."""
    voltage = statistics.pulses.voltage * (-1 if flip else 1)
    parallel = statistics.start is State.PARALLEL
    if not jnp.any(voltage > 0 if parallel else voltage < 0):
        raise BadInput(
            f"`voltage` must be {'>' if parallel else '<'} 0 for a pulse to switch from "
            f"{statistics.start.value} (a positive one drives to antiparallel), and none "
            f"is: {'leave out' if flip else 'add'} `--flip` if your sign is the other one."
        )
    return eqx.tree_at(lambda s: s.pulses.voltage, statistics, voltage)


def _own(file: pathlib.Path) -> Any:
    """Statistics that `mtjax run` or `data.save` wrote."""
    if file.suffix.lower() == ".h5":
        for kind in (Switching, Levels):
            try:
                return data.load(file, kind)
            except data.FileError as error:
                if "must hold a tree of class" not in str(error):
                    raise
    raise BadInput(
        '`--map` must say which column holds what, such as `--map "voltage=Vp in mV" '
        '"width==10 ns" trials=N switched=Nsw`, it was left out.'
    )


def _measured(file, columns, starts, where, dims) -> tuple[Any, list[str]]:
    kind = Levels if {"conductance", "mean"} & set(columns) else Switching
    chosen = {name: rows for name, rows in starts.items() if rows is not None}
    statistics, notes = [], []
    for name, rows in (chosen or {"parallel": []}).items():
        measured = data.read(
            file,
            kind,
            columns,
            start=State(name),
            where=_pairs("where", where or ()) | _pairs(name, rows) or None,
            dims=dims,
        )
        statistics.append(measured.statistics)
        left = f", {len(measured.skipped)} left out" if measured.skipped else ""
        notes.append(f"From {name}: {measured.rows} rows, {_size(measured)}{left}.")
        notes += [f"  {sentence}" for sentence in measured.skipped[:10]]
    return tuple(statistics) if statistics[1:] else statistics[0], notes


def _size(measured: data.Measured) -> str:
    shape = measured.statistics.pulses.shape
    return f"{len(measured.devices)} device(s), {' x '.join(map(str, shape)) or 1} pulses"


def _pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals or not value:
            raise BadInput(f"`--{option}` must read `NAME=TEXT`, got {text!r}.")
        pairs[key.strip()] = value.strip()
    return pairs


def run(asked: tuple[Asked, Any, list[str]], out: pathlib.Path) -> tuple[str, bool]:
    """Fits what is not fitted yet; returns the text, and whether the fit may be trusted."""
    tree, statistics, notes = asked
    values = flatten(tree)
    config = Config(tree, values, dict.fromkeys(values, "command line"))
    try:
        start = MODELS[tree.model][1].start(statistics)
        like = eqx.filter_eval_shape(compact.fit, start, statistics, free=tree.free or None)
    except ValueError as error:
        raise BadInput(str(error)) from error
    with open_run(out, config) as directory:
        path = directory.path
        with stage(f"Fitting {type(start).__name__}"):
            (fit,) = directory.parts(
                {"fit.h5": like},
                lambda: [compact.fit(start, statistics, free=tree.free or None)],
            )
        sets = statistics if isinstance(statistics, tuple) else (statistics,)
        for one in sets:
            data.save(path / _name(one, sets), one, provenance={"file": tree.file})
        described = describe(fit)
        text = "\n".join([*notes, fits_text({"fits": {type(start).__name__: described}})])
        write_whole(path / "fit.json", json.dumps(described, indent=1) + "\n")
        write_whole(path / "fit.txt", text + "\n")
        draw(path, fit, statistics)
        return f"{text}\n{path}/ holds the fit.", bool(fit.outcome == Outcome.successful)


def _name(one: Any, sets: tuple) -> str:
    suffix = f"-{one.start.value}" if sets[1:] else ""
    return f"statistics{suffix}.h5"
