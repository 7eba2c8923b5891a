"""Step 9 of `spin_synapse_ptq`: differences on the same images."""

import functools

from .._observers import Observer
from ._bootstrap import bootstrap
from ._card import Card
from ._paper import Result, Row
from ._session import Session
from ._spin_synapse_network import main_grids
from ._verdict import against, of_full
from ._weights_on_grid import Grid


def paired(card: Card, session: Session) -> Result:
    """Differences of the grids on the same images, by bootstrap over the images.

    Nothing new is read: the answers are those of steps 5 and 6. The mean over the seeds
    of right or wrong is one number for each image, and images are drawn anew.
    """
    floats, scores = session.result(5).arrays["right"], session.result(6).arrays["main"]
    at = {grid: i for i, grid in enumerate(main_grids(card, session))}
    eleven, pair = card.count("network.levels"), card.count("network.pair_levels")
    channel = functools.partial(Grid, eleven, per_channel=True)
    low, mse = channel(Observer.MIN_MAX), channel(Observer.MSE)
    images = lambda grid: scores[at[grid]].astype(float)
    by_seed = lambda one, other: (one - other).mean(1)
    cases = [
        ("float minus min-max by channel", floats.astype(float), images(low), 82 - 81.51),
        (
            "float minus mean squared error by channel",
            floats.astype(float),
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
        difference = 100 * (one - other).mean(0)
        interval = bootstrap(difference)
        told, verdict = "", ""
        if published is not None:
            told = f"{published:.2f} points [P, D]"
            because = "the paper's network and recipe are not known"
            mean = float(difference.mean())
            verdict = against(mean, interval, published, "points", because=because)
        rows.append(
            Row(
                name,
                float(difference.mean()),
                "points",
                interval,
                paper=told,
                runs=f"{len(difference)} images, the same {len(floats)} seeds",
                control="each seed "
                + ", ".join(f"{v:+.2f}" for v in 100 * by_seed(one, other)),
                verdict="" if published is None else of_full(session, verdict),
            )
        )
    return Result(rows)
