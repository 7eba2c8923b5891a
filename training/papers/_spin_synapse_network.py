"""Steps 5 and 6 of `spin_synapse_ptq`: float networks, and all grids."""

import functools
from typing import Any

import jax
import numpy as np

from .._observers import Observer
from ._bootstrap import bootstrap
from ._card import Card
from ._cifar import Networks
from ._paper import Result, Row
from ._session import Session
from ._verdict import against, of_full
from ._weights_on_grid import Grid, input_limits, on_levels, put


PUBLISHED = {Observer.MIN_MAX: 81.51, Observer.MSE: 81.12}
SHORT = {
    Observer.MIN_MAX: "min_max",
    Observer.MSE: "mse",
    Observer.PERCENTILE: "percentile",
    Observer.ENTROPY: "entropy",
}


def grids(card: Card, session: Session) -> list[Grid]:
    """Every combination of the protocol, in a fixed order."""
    observers = [o for o in Observer if SHORT[o] in session.size("observers")]
    inputs = session.size("inputs")
    levels = (card.count("network.levels"), card.count("network.pair_levels"))
    return [
        Grid(n, observer, per_channel, eight_bits, again)
        for n in levels
        for per_channel in (True, False)
        for observer in observers
        for eight_bits in inputs
        for again in (False, True)
    ]


def main_grids(card: Card, session: Session) -> list[Grid]:
    """The grids of published numbers and of step 9, which are read on more images."""
    wanted = {
        (levels, observer, channel, inputs)
        for levels, observer, channel, inputs in (
            (card.count("network.levels"), Observer.MIN_MAX, True, False),
            (card.count("network.levels"), Observer.MSE, True, False),
            (card.count("network.levels"), Observer.MIN_MAX, True, True),
            (card.count("network.levels"), Observer.MIN_MAX, False, False),
            (card.count("network.pair_levels"), Observer.MIN_MAX, True, False),
        )
    }
    published = card.count("network.levels"), True, False

    def is_main(grid: Grid) -> bool:
        key = (grid.levels, grid.observer, grid.per_channel, grid.inputs)
        compared = (grid.levels, grid.per_channel, grid.inputs) == published
        return key in wanted and (not grid.again or compared)

    return [grid for grid in grids(card, session) if is_main(grid)]


def baseline(card: Card, session: Session) -> Result:
    """One recipe for all seeds: the float networks that everything starts from.

    The recipe is that of `benchmarks/cifar.py`. A network is trained if the directory of
    the run has none in `networks/seed-N`; `benchmarks/cifar.py --seed N --out
    DIR/networks/seed-N` leaves the same network there. The interval is over the test
    images, for the networks that there are. Control: the share of the most frequent class.
    """
    networks, seeds = Networks(card, session, "main_images"), session.size("seeds")
    found, files = [], []
    for number, seed in enumerate(seeds):
        kept = session.keep(f"5-{seed}", functools.partial(_float, networks, seed))
        found.append(kept["right"])
        files.append(networks.sha256(seed))
        session.progress(number + 1, len(seeds))
    scores = np.stack(found)
    labels = np.asarray(networks.y)
    most = 100 * np.bincount(labels).max() / len(labels)
    mean, interval = 100 * float(scores.mean()), _images(scores)
    rows = [
        Row(
            "float ResNet-18",
            mean,
            "%",
            interval,
            paper="baseline near 82 % [D]",
            runs=f"{scores.shape[1]} images, the same {_seeds(scores)}",
            control=f"always the most frequent class: {most:.1f} %",
            verdict=of_full(session, against(mean, interval, 82, "%")),
        )
    ]
    rows += [
        Row(
            f"float ResNet-18, seed {seed}",
            100 * float(right.mean()),
            "%",
            _images(right[None]),
            runs=f"{len(right)} images; resnet18.npz sha256 {file}",
        )
        for seed, right, file in zip(seeds, scores, files, strict=True)
    ]
    return Result(rows, {"right": scores})


def _float(networks: Networks, seed: int) -> dict[str, np.ndarray]:
    return {"right": networks.right(networks.of(seed))}


def every_grid(card: Card, session: Session) -> Result:
    """Weights on 11 levels, and on the 21 of a pair, in every way of the protocol.

    Limits by tensor or channel and by four observers; weights alone, or with 8-bit inputs
    of each layer; without and with the statistics of the normalisations taken again. All
    limits and statistics are those of 1,000 training images. Test images are read once
    for each grid, and no grid is chosen by them. The grids of published numbers and of
    step 9 are read on more images than the others. Intervals are over the images, for
    the networks that there are.
    """
    networks, all_ = Networks(card, session, "main_images"), grids(card, session)
    seeds, few, mains = (
        session.size("seeds"),
        session.size("test_images"),
        main_grids(card, session),
    )
    scores: list[list[np.ndarray]] = [[] for _ in all_]
    for number, seed in enumerate(seeds):
        network = networks.of(seed)
        limits = _limits(session, network, networks, seed)
        rounded = functools.cache(functools.partial(_on_levels, network))
        for at, grid in enumerate(all_):
            images = len(networks.y) if grid in mains else few
            found = session.keep(
                f"6-{seed}-{at}",
                functools.partial(
                    _of_grid, network, grid, limits, networks, rounded, images
                ),
            )
            scores[at].append(found["right"])
            session.progress(number * len(all_) + at + 1, len(seeds) * len(all_))
    floats = session.result(5).arrays["right"]
    rows = [
        _row(card, session, grid, np.stack(own), floats)
        for grid, own in zip(all_, scores, strict=True)
    ]
    short = np.array([[right[:few] for right in own] for own in scores])
    shape = (2, 2, len(session.size("observers")), len(session.size("inputs")), 2, -1)
    main = [scores[all_.index(grid)] for grid in mains]
    return Result(
        rows,
        {
            "right": short,
            "main": np.array(main),
            "baseline": floats[:, :few].mean(1),
            "score": short.mean(-1).reshape(shape),
        },
    )


def _row(
    card: Card, session: Session, grid: Grid, scores: np.ndarray, floats: np.ndarray
) -> Row:
    drop = 100 * (floats[:, : scores.shape[1]].mean() - scores.mean())
    published = None
    if grid.per_channel and grid.levels == card.count("network.levels") and not grid.inputs:
        published = PUBLISHED.get(grid.observer)
    mean, interval = 100 * float(scores.mean()), _images(scores)
    verdict = ""
    if published is not None:
        because = (
            "the paper's network and recipe are not known; on this one the grid costs "
            f"{drop:.2f} points"
        )
        told = against(mean, interval, published, "%", because=because)
        verdict = of_full(session, told)
    return Row(
        str(grid),
        mean,
        "%",
        interval,
        paper="" if published is None else f"{published} % [P]",
        runs=f"{scores.shape[1]} images, the same {_seeds(scores)}",
        control=f"float on the same images: {drop:.2f} points above",
        verdict=verdict,
    )


def _seeds(scores: np.ndarray) -> str:
    """The seeds as text, with the accuracy of each."""
    each = ", ".join(f"{100 * share:.2f}" for share in scores.mean(1))
    return f"{len(scores)} seed{'s' * (len(scores) > 1)} ({each})"


def _limits(session, network: Any, networks: Networks, seed: int):
    """Limits of what enters the layers, by observer; none if no inputs are rounded."""
    if not any(session.size("inputs")):
        return {}

    def make():
        with jax.enable_x64(False):
            found = input_limits(network, networks.calibration)
        return {SHORT[observer]: np.array(values) for observer, values in found.items()}

    found = session.keep(f"6-{seed}-limits", make)
    return {observer: found[name].tolist() for observer, name in SHORT.items()}


def _on_levels(network: Any, *grid: Any) -> Any:
    with jax.enable_x64(False):
        return on_levels(network, *grid)


def _of_grid(
    network: Any, grid: Grid, limits: Any, networks: Networks, rounded: Any, images: int
):
    known = rounded(grid.levels, grid.observer, grid.per_channel)
    with jax.enable_x64(False):
        found = put(network, grid, limits, networks.calibration, rounded=known)
        return {"right": networks.right(found, images)}


def _images(scores: np.ndarray) -> tuple[float, float]:
    """Interval over images of the mean over the seeds, in per cent."""
    return bootstrap(100 * scores.mean(0))
