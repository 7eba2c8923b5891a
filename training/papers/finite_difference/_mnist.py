import numpy as np

from ..._metrics import majority
from .._bootstrap import bootstrap
from .._paper import Result, Row
from .._verdict import against, Side, side
from ._arms import CONSTANT, DIFFERENCE
from ._images import learn, score
from ._tasks import mnist


COMPARED = (DIFFERENCE, "tanh", CONSTANT)
MARGIN = 0.5  # points, within which two networks are on par


def images(card, session) -> Result:
    """MNIST with hidden layers of junction pairs, beside tanh and a constant slope.

    The learning rate of each arm comes from one grid, one pass each, on the last 10,000
    training images, which no network trains on; the test images are read once for each
    trained network.
    """
    parts = mnist(session.size("mnist_rows"))
    sizes = (784, *session.size("mnist_hidden"), 10)
    seeds, epochs = session.size("mnist_seeds"), session.size("mnist_epochs")
    rates, passes = card.numbers("training.rates"), session.size("grid_epochs")
    total = len(COMPARED) * (seeds + (len(rates) if passes else 0))
    found, chosen, done = {}, {}, 0
    for arm in COMPARED:
        label = arm.replace(" ", "-")
        tried = []
        for number, rate in enumerate(rates if passes else []):

            def one_rate(arm=arm, rate=rate):
                trained = learn(
                    card, session, arm, sizes, parts["train"],
                    step=6, seed=100, rate=rate, epochs=passes,
                )  # fmt: skip
                return {
                    "right": score(arm, trained, parts["validation"], key=session.key(6, 4))
                }

            kept = session.keep(f"6-{label}-rate-{number}", one_rate)
            tried.append(float(kept["right"]))
            done += 1
            session.progress(done, total)
        chosen[arm] = rates[int(np.argmax(tried))] if tried else rates[len(rates) // 2]
        for seed in range(seeds):

            def one_seed(arm=arm, seed=seed):
                trained = learn(
                    card, session, arm, sizes, parts["train"],
                    step=6, seed=seed, rate=chosen[arm], epochs=epochs,
                )  # fmt: skip
                key = session.key(6, 5, seed)
                return {
                    p: score(arm, trained, parts[p], key=key)
                    for p in ("validation", "test")
                }

            kept = session.keep(f"6-{label}-{seed}", one_seed)
            found.setdefault(arm, []).append([kept["validation"], kept["test"]])
            done += 1
            session.progress(done, total)
    values = {arm: np.array(v, float) for arm, v in found.items()}
    trivial = majority(parts["train"][1], parts["test"][1])
    rows = [_row(arm, values, chosen, rates, sizes, epochs, trivial) for arm in COMPARED]
    rows.append(_validation(values, sizes, epochs, session.quick))
    return Result(rows, {arm.replace(" ", "_"): values[arm] for arm in COMPARED})


def _row(arm, values, chosen, rates, sizes, epochs, trivial) -> Row:
    validation, test = 100 * values[arm].T
    at_edge = chosen[arm] in (min(rates), max(rates))
    return Row(
        f"MNIST {'-'.join(map(str, sizes))}, {arm}, mean test accuracy",
        float(test.mean()),
        "%",
        bootstrap(test),
        runs=f"{len(test)} seeds x {epochs} epochs, rate {chosen[arm]:g}"
        + at_edge * ", an end of the grid: a better one may be outside",
        control=f"validation {validation.mean():.2f} %, majority {100 * trivial:.1f} %",
    )


def _validation(values, sizes, epochs, quick) -> Row:
    """The published number is of validation images: it stands beside ours of such."""
    ours, tanh = (100 * values[arm][:, 0] for arm in (DIFFERENCE, "tanh"))
    mean, interval = float(ours.mean()), bootstrap(ours)
    because = (
        f"{epochs} epochs at widths and schedules that are ours; tanh at the same budget "
        f"has {tanh.mean():.2f} %"
    )
    verdict = against(mean, interval, 97.9, "%", because=because)
    if quick:
        verdict = "Not comparable, because the quick network and data are smaller."
    return Row(
        f"MNIST {'-'.join(map(str, sizes))}, {DIFFERENCE}, mean validation accuracy",
        mean,
        "%",
        interval,
        paper="97.9 % [T], validation, four layers",
        runs=f"{len(ours)} seeds x {epochs} epochs; the rate was chosen on these images",
        control=f"test {100 * values[DIFFERENCE][:, 1].mean():.2f} %, tanh "
        f"{tanh.mean():.2f} %",
        verdict=verdict,
    )


def par(card, session) -> Result:
    """Whether finite differences and tanh are on par: the paired interval of step 6.

    On par means that the 95 % interval of the paired difference lies within half a point
    either way. The control, a constant slope, should not be.
    """
    del card
    arrays = session.result(6).arrays
    tanh = 100 * arrays["tanh"][:, 1]
    rows = []
    for arm in (DIFFERENCE, CONSTANT):
        difference = 100 * arrays[arm.replace(" ", "_")][:, 1] - tanh
        low, high = bootstrap(difference)
        verdict = _on_par((low, high))
        rows.append(
            Row(
                f"MNIST, {arm} minus tanh",
                float(difference.mean()),
                "points",
                (low, high),
                paper="on par [T]" if arm == DIFFERENCE else "",
                runs=f"{len(difference)} seeds, paired",
                control=_negative(arm, arrays, tanh),
                verdict=verdict,
            )
        )
    return Result(rows)


def _on_par(interval) -> str:
    """On par, not on par, or not known, by both ends of the interval."""
    if side(interval, 0) is Side.UNKNOWN:
        return "One seed has no interval: not comparable."
    lower, upper = side(interval, -MARGIN), side(interval, MARGIN)
    if lower is Side.ABOVE and upper is Side.BELOW:
        return f"On par: the interval is within {MARGIN} point either way."
    if lower is Side.BELOW or upper is Side.ABOVE:
        return f"Not on par: the interval is outside {MARGIN} point."
    return f"Not shown: the interval reaches over {MARGIN} point."


def _negative(arm, arrays, tanh) -> str:
    if arm != DIFFERENCE:
        return "is the negative control"
    constant = 100 * arrays[CONSTANT.replace(" ", "_")][:, 1]
    return f"a constant slope, the negative control, {(constant - tanh).mean():+.2f}"
