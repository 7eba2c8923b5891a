"""Arms of a comparison: the same weights, chips, data and order for all."""

from collections.abc import Callable, Sequence
from typing import Any

import jax.random as jr
import numpy as np

from ..._in_the_loop import DeviceInLoop
from ..._metrics import majority
from ..._neurons import Slope
from ..._optimizer import adamw
from ..._step import batched
from .._bootstrap import bootstrap
from .._many import score_many, stack, train_many
from .._paper import Result, Row
from ._devices import linear, network, tanh
from ._tasks import Arrays, iris_folds, spirals


EXACT, DIFFERENCE, CONSTANT = "exact slope", "finite difference", "constant slope"
ARMS: dict[str, tuple[Any, Callable]] = {
    EXACT: (DeviceInLoop(Slope.EXACT), network),
    DIFFERENCE: (DeviceInLoop(Slope.FINITE_DIFFERENCE), network),
    CONSTANT: (DeviceInLoop(Slope.CONSTANT), network),
    "frozen hidden layers": (DeviceInLoop(Slope.NONE), network),
    "linear neuron": (
        DeviceInLoop(Slope.EXACT),
        lambda card, sizes, **keys: linear(network(card, sizes, **keys)),
    ),
    "tanh": (batched, lambda card, sizes, *, weights, chip: tanh(card, sizes, key=weights)),
}


def scores(
    card,
    session,
    arm: str,
    task: Arrays,
    sizes: Sequence[int],
    *,
    step: int,
    seeds: Sequence[int],
    epochs: int,
    batch: int,
    progress=None,
) -> np.ndarray:
    """Accuracy on what was held out, one unit for each entry of `seeds`.

    **Arguments:**

    - `task`: One set for each unit.
    - `seeds`: Number of the weights and of the chip of each unit.
    """
    forward, make = ARMS[arm]
    built = {
        n: make(
            card,
            tuple(sizes),
            weights=session.key(step, 1, n),
            chip=session.key(step, 2, n),
        )
        for n in sorted(set(seeds))
    }
    x, y, u, v = task
    units = len(seeds)
    trained = train_many(
        stack([built[n] for n in seeds]),
        x,
        y,
        keys=jr.split(session.key(step, 3), units),
        epochs=epochs,
        batch=batch,
        forward=forward,
        optimizer=adamw(
            epochs * (x.shape[1] // batch), peak=card.number("training.rate"), decay=0
        ),
        progress=progress,
    )
    keys = jr.split(session.key(step, 4), units)
    return np.asarray(score_many(trained, u, v, keys=keys, forward=forward))


def arms(card, session) -> Result:
    """Six arms at equal budget: five-fold Iris 4-8-3, and a spiral 2-32-16-3.

    The spiral needs the nonlinearity, Iris does not: a linear neuron and a constant slope
    are the negative controls. All arms have the same weights to begin with, chips, data,
    order and readings; differences from the exact slope are paired by seed.
    """
    seeds = session.size("arm_seeds")
    folds = iris_folds(1)
    every = [n for n in range(seeds) for _ in range(5)]
    repeated = tuple(np.tile(a, (seeds, *[1] * (a.ndim - 1))) for a in folds)
    tasks = {
        "Iris": (
            (repeated, (4, 8, 3), every),
            (session.size("iris_epochs"), card.count("training.batch")),
        ),
        "spiral": (
            (spirals(seeds), (2, 32, 16, 3), list(range(seeds))),
            (session.size("spiral_epochs"), card.count("training.spiral_batch")),
        ),
    }
    tasks = {name: tasks[name] for name in session.size("arm_tasks")}
    found, done = {}, 0
    for name, ((task, sizes, units), (epochs, batch)) in tasks.items():
        for arm in ARMS:
            got = scores(
                card, session, arm, task, sizes,
                step=4, seeds=units, epochs=epochs, batch=batch,
            )  # fmt: skip
            found[name, arm] = got.reshape(seeds, -1).mean(axis=1)
            done += 1
            session.progress(done, len(tasks) * len(ARMS))
    rows = []
    for name in tasks:
        trivial = majority(tasks[name][0][0][1][0], tasks[name][0][0][3][0])
        for arm in ARMS:
            rows.append(_row(name, arm, found, seeds, trivial))
    arrays = {name.lower(): np.stack([found[name, arm] for arm in ARMS]) for name in tasks}
    return Result(rows, arrays)


def _row(name, arm, found, seeds, trivial) -> Row:
    values, exact = found[name, arm], found[name, EXACT]
    difference = 100 * (values - exact)
    low, high = bootstrap(difference)
    verdict = ""
    if arm == CONSTANT:
        ties = low <= 0 <= high
        verdict = (
            f"A constant slope {'ties' if ties else 'does not tie'} on {name}: "
            f"{name} {'says nothing' if ties else 'tells'} about the slope."
        )
    control = f"majority {100 * trivial:.1f} %"
    if arm != EXACT:
        control = f"{difference.mean():+.2f} ({low:+.2f} to {high:+.2f}) from exact"
    least, most = bootstrap(100 * values)
    return Row(
        f"{name}: {arm}, mean accuracy",
        100 * float(values.mean()),
        "%",
        (least, most),
        runs=f"{seeds} chips" + (" x 5 folds" if name == "Iris" else ""),
        control=control,
        verdict=verdict,
    )


def plot_arms(figure, arrays, card) -> None:
    """Accuracy of each seed by arm."""
    del card
    many = figure.subplots(1, len(arrays), squeeze=False)[0]
    for axes, name in zip(many, arrays, strict=True):
        values = 100 * arrays[name]
        axes.boxplot(list(values), orientation="horizontal", widths=0.6)
        axes.set_yticks(range(1, len(ARMS) + 1), list(ARMS), fontsize=7)
        axes.invert_yaxis()
        axes.set(xlabel="accuracy / %", title=name)
