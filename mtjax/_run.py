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
from ._together import together


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

    tasks = {name: data.learning(name, seed=setup.seed) for name in setup.networks.data}
    keys = dict(zip(tasks, jr.split(k_learn, len(tasks)), strict=True))

    def learn(progress, name):
        blank = eqx.filter_eval_shape(
            _learn.blank, tasks[name], setup.networks, key=keys[name]
        )
        work = functools.partial(
            _learn.learn,
            tasks[name],
            cell,
            setup.array,
            setup.networks,
            key=keys[name],
            progress=progress,
        )
        return directory.parts(
            {f"{name}.h5": {"float": blank, "array": blank}, f"{name}.json": None}, work
        )

    with stage(f"Training on {', '.join(tasks)}, in float and in the array") as progress:
        done = together({n: functools.partial(learn, name=n) for n in tasks}, progress)
    networks = {name: network for name, (network, _) in done.items()}
    learned = {name: results for name, (_, results) in done.items()}
    _figures.learning(directory.path, learned)

    of = setup.sensitivities.data
    arguments = setup, networks[of]["array"], cell, tasks[of]

    def differentiate(progress, name, column, key):
        work = functools.partial(column, *arguments, key=key, progress=progress)
        (found,) = directory.parts({f"{name}.json": None}, lambda: [work()])
        return found

    columns = {
        "code": (_differentiate.code, k_code),
        "truth": (_differentiate.truth, k_truth),
    }
    with stage("Differentiating, and checking the reverse pass") as progress:
        done = together(
            {
                name: functools.partial(differentiate, name=name, column=column, key=key)
                for name, (column, key) in columns.items()
            },
            progress,
        )
    code, truth = done["code"], done["truth"]
    summary = _report.summary(setup, fits, learned, code, truth)
    _figures.sensitivities(directory.path, summary["sensitivities"])
    return summary
