"""The network half of `spin_synapse_ptq`: steps 5 to 9 of its protocol."""

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .._normalisation import estimate_statistics
from .._observers import Observer
from ._bootstrap import bootstrap
from ._card import Card
from ._cifar import Networks
from ._paper import Result, Row
from ._session import Session
from ._weights_on_grid import Grid, input_limits, noisy, on_levels, put, rounded_at_random


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


def baseline(card: Card, session: Session) -> Result:
    """One recipe for all seeds: the float networks that everything starts from.

    The recipe is that of `benchmarks/cifar.py`. A network is trained if the directory of
    the run has none in `networks/seed-N`; `benchmarks/cifar.py --seed N --out
    DIR/networks/seed-N` leaves the same network there. Control: the share of the most
    frequent class.
    """
    networks = Networks(card, session)
    found = []
    for number, seed in enumerate(session.size("seeds")):
        found.append(networks.right(networks.of(seed)))
        session.progress(number + 1, len(session.size("seeds")))
    scores = np.stack(found)
    labels = np.asarray(networks.y)
    most = 100 * np.bincount(labels).max() / len(labels)
    each = ", ".join(f"{100 * s:.2f}" for s in scores.mean(1))
    row = Row(
        "float ResNet-18",
        100 * float(scores.mean()),
        "%",
        _seeds_and_images(scores),
        paper="baseline near 82 % [D]",
        runs=f"{len(scores)} seeds ({each}), {scores.shape[1]} images",
        control=f"always the most frequent class: {most:.1f} %",
        verdict=_near(100 * float(scores.mean()), 82, "the baseline that is inferred"),
    )
    return Result([row], {"right": scores})


def every_grid(card: Card, session: Session) -> Result:
    """Weights on 11 levels, and on the 21 of a pair, in every way of the protocol.

    Limits by tensor or channel and by four observers; weights alone, or with 8-bit inputs
    of each layer; without and with the statistics of the normalisations taken again. All
    limits and statistics are those of 1,000 training images. Test images are read once
    for each grid, and no grid is chosen by them.
    """
    networks, all_ = Networks(card, session), grids(card, session)
    seeds = session.size("seeds")
    scores = np.empty((len(all_), len(seeds), len(networks.y)), bool)
    for number, seed in enumerate(seeds):
        network = networks.of(seed)
        limits = _limits(session, network, networks, seed)
        rounded = functools.cache(functools.partial(_on_levels, network))
        for at, grid in enumerate(all_):
            found = session.keep(
                f"6-{seed}-{at}",
                functools.partial(_of_grid, network, grid, limits, networks, rounded),
            )
            scores[at, number] = found["right"]
            session.progress(number * len(all_) + at + 1, len(seeds) * len(all_))
    floats = session.result(5).arrays["right"]
    rows = []
    for at, grid in enumerate(all_):
        drop = 100 * (floats.mean(1) - scores[at].mean(1))
        compared = (
            grid.per_channel
            and grid.levels == card.count("network.levels")
            and not grid.inputs
            and grid.observer in PUBLISHED
        )
        mean = 100 * float(scores[at].mean())
        rows.append(
            Row(
                str(grid),
                mean,
                "%",
                _seeds_and_images(scores[at]),
                paper=f"{PUBLISHED[grid.observer]} % [P]" if compared else "",
                runs=f"{len(seeds)} seeds, {scores.shape[-1]} images",
                control=f"float: {drop.mean():.2f} points above",
                verdict=_near(mean, PUBLISHED[grid.observer], "the published accuracy")
                if compared
                else "",
            )
        )
    shape = (2, 2, len(session.size("observers")), len(session.size("inputs")), 2, -1)
    table = scores.mean(-1).reshape(shape)
    return Result(rows, {"right": scores, "baseline": floats.mean(1), "score": table})


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


def _of_grid(network: Any, grid: Grid, limits: Any, networks: Networks, rounded: Any):
    known = rounded(grid.levels, grid.observer, grid.per_channel)
    with jax.enable_x64(False):
        found = put(network, grid, limits, networks.calibration, rounded=known)
        return {"right": networks.right(found)}


def noisy_chips(card: Card, session: Session) -> Result:
    """Weights on 11 levels by channel, with noise of 0, 1, 2 and 5 % of the range.

    Each chip draws every weight once. Min-max and mean squared error, without and with
    statistics taken again on the chip. The unit is the chip.
    """
    networks = Networks(card, session, "noise_images")
    shares, chips = card.numbers("network.noise"), session.size("chips")
    seeds = session.size("noise_seeds")
    arrays: dict[str, Any] = {"shares": np.array([0.0, *shares])}
    cases = list(itertools.product(PUBLISHED, (False, True)))
    total = len(cases) * len(seeds)
    for number, ((observer, again), seed) in enumerate(itertools.product(cases, seeds)):
        name = SHORT[observer] + again * "_again"
        found = session.keep(
            f"7-{name}-{seed}",
            functools.partial(
                _of_chips, card, session, networks, seed, observer, again, chips
            ),
        )
        arrays.setdefault(name, []).append(found["accuracy"])
        session.progress(number + 1, total)
    arrays = {k: np.asarray(v) for k, v in arrays.items()}
    rows = []
    for observer, again in cases:
        scores = arrays[SHORT[observer] + again * "_again"]
        for at, share in enumerate(arrays["shares"]):
            units = scores[:, at].mean(0)  # a chip's draws are those of all seeds
            drop = 100 * (scores[:, 0].mean() - units)
            rows.append(
                Row(
                    f"{observer.value}{', re-estimated' * again}, noise {100 * share:g} %",
                    100 * float(units.mean()),
                    "%",
                    _percent(bootstrap(units)),
                    runs=f"{scores.shape[2]} chips, {len(seeds)} seeds",
                    control=f"{drop.mean():.2f} points below the same without noise",
                )
            )
    return Result(rows, arrays)


def _of_chips(card, session, networks, seed, observer, again, chips):
    shares = [0.0, *card.numbers("network.noise")]
    with jax.enable_x64(False):
        grid = Grid(card.count("network.levels"), observer, True)
        clean = put(networks.of(seed), grid, {}, networks.calibration)
        score = np.empty((len(shares), chips))
        for i, share in enumerate(shares):
            for chip in range(chips if share else 1):
                key = session.key(7, seed, chip)
                drawn = noisy(clean, jnp.float32(share), key=key)
                if again:
                    drawn = estimate_statistics(drawn, networks.calibration)
                score[i, chip if share else slice(None)] = networks.right(drawn).mean()
    return {"accuracy": score}


def controls(card: Card, session: Session) -> Result:
    """Other numbers of levels, and rounding up or down by chance.

    8 and 16 levels by channel and min-max, weights alone, as they are and with statistics
    taken again; and 11 levels with random rounding, whose errors are not larger than a
    step and have no bias.
    """
    networks = Networks(card, session)
    eleven = card.count("network.levels")
    wanted = [
        card.count("network.levels"),
        *map(int, card.numbers("network.control_levels")),
    ]
    seeds = session.size("seeds")
    scores: dict[str, list] = {}
    for number, seed in enumerate(seeds):
        network = networks.of(seed)
        with jax.enable_x64(False):
            for levels, again in itertools.product(wanted, (False, True)):
                grid = Grid(levels, Observer.MIN_MAX, True, False, again)
                rounded = put(network, grid, {}, networks.calibration)
                name = f"{levels} levels, min-max{', re-estimated' * again}"
                scores.setdefault(name, []).append(networks.right(rounded).mean())
            for again in (False, True):
                draws = []
                for draw in range(session.size("draws")):
                    key = session.key(8, seed, draw)
                    rounded = rounded_at_random(network, eleven, key=key)
                    if again:
                        rounded = estimate_statistics(rounded, networks.calibration)
                    draws.append(networks.right(rounded).mean())
                name = f"{eleven} levels, random rounding{', re-estimated' * again}"
                scores.setdefault(name, []).append(np.mean(draws))
        session.progress(number + 1, len(seeds))
    floats = session.result(5).arrays["right"].mean()
    rows = [
        Row(
            name,
            100 * float(np.mean(values)),
            "%",
            _percent(bootstrap(np.array(values))),
            runs=f"{len(seeds)} seeds, {len(networks.y)} images",
            control=f"float {100 * floats:.2f} %",
        )
        for name, values in scores.items()
    ]
    return Result(rows, {"accuracy": np.array(list(scores.values()))})


def paired(card: Card, session: Session) -> Result:
    """Differences of the grids on the same images, by bootstrap over the images.

    Nothing new is read: the answers are those of steps 5 and 6. The mean over the seeds
    of right or wrong is one number for each image, and images are drawn anew.
    """
    floats, scores = session.result(5).arrays["right"], session.result(6).arrays["right"]
    at = {grid: i for i, grid in enumerate(grids(card, session))}
    eleven, pair = card.count("network.levels"), card.count("network.pair_levels")
    channel = functools.partial(Grid, eleven, per_channel=True)
    low, mse = channel(Observer.MIN_MAX), channel(Observer.MSE)
    images = lambda grid: scores[at[grid]].mean(0)
    cases = [
        ("float minus min-max by channel", floats.mean(0), images(low), 82 - 81.51),
        (
            "float minus mean squared error by channel",
            floats.mean(0),
            images(mse),
            82 - 81.12,
        ),
        ("min-max minus mean squared error, by channel", images(low), images(mse), 0.39),
        (
            "min-max by channel minus by tensor",
            images(low),
            images(Grid(eleven, Observer.MIN_MAX, False)),
            None,
        ),
        (
            "21 levels of a pair minus 11, min-max by channel",
            images(Grid(pair, Observer.MIN_MAX, True)),
            images(low),
            None,
        ),
        (
            "re-estimated minus as it is, mean squared error by channel",
            images(channel(Observer.MSE, again=True)),
            images(mse),
            None,
        ),
    ]
    eight_bits = channel(Observer.MIN_MAX, inputs=True)
    if eight_bits in at:
        name = "8-bit inputs minus float inputs, min-max by channel"
        cases.append((name, images(eight_bits), images(low), None))
    rows = []
    for name, one, other, published in cases:
        difference = 100 * (one - other)
        interval = bootstrap(difference)
        told = "" if published is None else f"{published:.2f} points [P, D]"
        rows.append(
            Row(
                name,
                float(difference.mean()),
                "points",
                interval,
                paper=told,
                runs=f"{len(difference)} images, {len(floats)} seeds",
                verdict="" if published is None else _inside(published, interval),
            )
        )
    return Result(rows)


def _inside(published, interval):
    if interval[0] <= published <= interval[1]:
        return "Reached: the published difference is in the interval."
    return (
        "Not reached because the interval excludes it: the grid costs "
        + ("more" if interval[0] > published else "less")
        + " on this network than on the paper's, whose recipe is not known."
    )


def _near(value, published, what):
    if value >= published:
        return f"Reached: {value - published:.2f} points above {what}."
    return f"Not reached: {published - value:.2f} points below {what}."


def _percent(interval: tuple[float, float]) -> tuple[float, float]:
    return 100 * interval[0], 100 * interval[1]


def _seeds_and_images(scores: np.ndarray) -> tuple[float, float]:
    """Interval over images of the mean over the seeds, in per cent."""
    low, high = bootstrap(100 * scores.mean(0))
    return low, high
