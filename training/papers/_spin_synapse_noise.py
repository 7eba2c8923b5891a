"""Steps 7 and 8 of `spin_synapse_ptq`: noise of the weights, other levels, chance."""

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
from ._spin_synapse_network import PUBLISHED, SHORT
from ._spin_synapse_states import percent
from ._weights_on_grid import Grid, noisy, put, rounded_at_random


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
                    percent(bootstrap(units)),
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
    floats = session.result(5).arrays["right"][:, : len(networks.y)].mean()
    rows = [
        Row(
            name,
            100 * float(np.mean(values)),
            "%",
            percent(bootstrap(np.array(values))),
            runs=f"{len(seeds)} seeds, {len(networks.y)} images",
            control=f"float {100 * floats:.2f} %",
        )
        for name, values in scores.items()
    ]
    return Result(rows, {"accuracy": np.array(list(scores.values()))})
