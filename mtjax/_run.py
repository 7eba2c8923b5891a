"""The main job: from the grains of a junction to a trained array and back."""

import functools
import json
import pathlib
import time
from typing import Any

import equinox as eqx
import jax.random as jr

from mtjax import data

from . import _differentiate, _figures, _learn, _measure, _report
from ._config import Config
from ._directory import open_run, RunDirectory, write_whole
from ._progress import stage
from ._setup import Setup


def run(config: Config[Setup], out: pathlib.Path) -> str:
    """Does the parts of the run that are not in `out` yet; returns the summary.

    The randomness of each part is its own, so that a part is the same whether the others
    were made in this program or read.
    """
    with open_run(out, config) as directory:
        begun = time.monotonic()
        summary = _summary(directory, config.tree)
        text = _report.text(summary)
        write_whole(directory.path / "summary.json", json.dumps(summary, indent=1) + "\n")
        write_whole(directory.path / "summary.txt", text)
        seconds = time.monotonic() - begun
        return f"{text}\n{directory.path}/ holds the files of this run ({seconds:.0f} s)."


def _summary(directory: RunDirectory, setup: Setup) -> dict[str, Any]:
    k_sweep, k_learn, k_code, k_truth = jr.split(jr.key(setup.seed), 4)

    with stage("Sweeping the granular junction") as progress:
        levels, switching = directory.parts(
            {"levels.h5": data.Levels, "switching.h5": data.Switching},
            lambda: _measure.sweep(setup, key=k_sweep, progress=progress),
        )
    with stage("Fitting compact models"):
        fits = _measure.fit(levels, switching)
        data.save(directory.path / "fits.h5", fits)
    cell = fits["levels"].model
    _figures.statistics(directory.path, setup, fits, levels, switching)

    networks, learned, tasks = {}, {}, {}
    keys = jr.split(k_learn, len(setup.networks.data))
    for name, key in zip(setup.networks.data, keys, strict=True):
        task = tasks[name] = data.learning(name, seed=setup.seed)
        blank = eqx.filter_eval_shape(_learn.blank, task, setup.networks, key=key)
        with stage(f"Training on {name}, in float and in the array") as progress:
            work = functools.partial(
                _learn.learn,
                task,
                cell,
                setup.array,
                setup.networks,
                key=key,
                progress=progress,
            )
            networks[name], learned[name] = directory.parts(
                {f"{name}.h5": {"float": blank, "array": blank}, f"{name}.json": None}, work
            )
    _figures.learning(directory.path, learned)

    of = setup.sensitivities.data
    arguments = setup, networks[of]["array"], cell, tasks[of]
    with stage("Checking the reverse pass against central differences") as progress:
        work = functools.partial(_differentiate.code, *arguments, key=k_code)
        (code,) = directory.parts({"code.json": None}, lambda: [work(progress=progress)])
    with stage("Differentiating, with fresh grains for every key") as progress:
        work = functools.partial(_differentiate.truth, *arguments, key=k_truth)
        (truth,) = directory.parts({"truth.json": None}, lambda: [work(progress=progress)])
    summary = _report.summary(setup, fits, learned, code, truth)
    _figures.sensitivities(directory.path, summary["sensitivities"])
    return summary
