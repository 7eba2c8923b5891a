import numpy as np

from ..._metrics import majority
from .._bootstrap import bootstrap
from .._paper import Result, Row
from .._verdict import against
from ._arms import DIFFERENCE, scores
from ._tasks import iris_folds


SIZES = {"one hidden layer": (4, 8, 3), "two hidden layers": (4, 8, 8, 3)}


def iris(card, session) -> Result:
    """Iris by finite differences: repeated stratified five-fold, on fresh chips.

    Every chip is trained on every fold of every repetition; the unit is the chip. The
    baseline is logistic regression on the same folds, the control answers the commonest
    class.
    """
    repeats, devices = session.size("iris_repeats"), session.size("iris_devices")
    folds = iris_folds(repeats)
    number = len(folds[0])
    task = tuple(np.tile(a, (devices, *[1] * (a.ndim - 1))) for a in folds)
    units = [n for n in range(devices) for _ in range(number)]
    epochs = session.size("iris_epochs")
    logistic = _logistic(folds)
    trivial = 100 * float(
        np.mean([majority(y, v) for y, v in zip(folds[1], folds[3], strict=True)])
    )
    rows, arrays = [], {"logistic": np.array(logistic)}
    for layer, (name, sizes) in enumerate(SIZES.items()):
        found = scores(
            card, session, DIFFERENCE, task, sizes,
            step=5, seeds=units, epochs=epochs, batch=card.count("training.batch"),
            progress=_part(session, layer),
        )  # fmt: skip
        found = found.reshape(devices, number).mean(axis=1)
        arrays[name.replace(" ", "_")] = found
        low, high = bootstrap(100 * found)
        mean = 100 * float(found.mean())
        published, verdict = "", ""
        if layer == 0:
            published = "93.3 % [P], hardware [T]; over 95 % simulated [T]"
            verdict = (
                f"Simulated: {against(mean, (low, high), 95, '%')} "
                f"{_told(100 * logistic, 95)} 93.3 % is that of hardware, on "
                "validation rows; ours is of the folds that were left out, and not "
                "comparable, because no hardware is trained here."
            )
        rows.append(
            Row(
                f"Iris, {name}, mean of chips",
                mean,
                "%",
                (low, high),
                paper=published,
                runs=f"{devices} chips x {repeats} x 5 folds",
                control=f"logistic regression {100 * logistic:.2f} %, majority "
                f"{trivial:.1f} %; worst to best chip {100 * found.min():.1f} to "
                f"{100 * found.max():.1f}",
                verdict=verdict,
            )
        )
    return Result(rows, arrays)


def _told(logistic: float, published: float) -> str:
    """Whether the published number needs a hidden layer, by the control that has none."""
    has = f"logistic regression, without a hidden layer, has {logistic:.1f} %"
    if logistic >= published:
        return f"Iris tells little: {has}, over {published:g} % as well."
    return f"It takes a hidden layer: {has}."


def _part(session, layer: int):
    """Progress of one of the architectures as that of all."""
    return lambda done, total: session.progress(layer * total + done, len(SIZES) * total)


def _logistic(folds) -> float:
    from sklearn.linear_model import LogisticRegression

    rights = [
        LogisticRegression(max_iter=1000).fit(x, y).score(u, v)
        for x, y, u, v in zip(*map(np.asarray, folds), strict=True)
    ]
    return float(np.mean(rights))


def plot_iris(figure, arrays, card) -> None:
    """Accuracy of the chips with one and two hidden layers."""
    del card
    axes = figure.subplots()
    for name in SIZES:
        values = np.sort(100 * arrays[name.replace(" ", "_")])
        axes.plot(values, np.arange(1, len(values) + 1) / len(values), "o-", label=name)
    axes.axvline(100 * float(arrays["logistic"]), color="k", ls=":", label="logistic")
    axes.axvline(93.3, color="C3", ls="--", label="published, hardware")
    axes.set(xlabel="accuracy of a chip / %", ylabel="share of chips below")
    axes.legend()
