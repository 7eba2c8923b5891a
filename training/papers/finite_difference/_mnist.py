import numpy as np

from ..._metrics import majority
from .._bootstrap import bootstrap
from .._paper import Result, Row
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
    rows = [_row(arm, values, chosen, sizes, epochs, trivial) for arm in COMPARED]
    return Result(rows, {arm.replace(" ", "_"): values[arm] for arm in COMPARED})


def _row(arm, values, chosen, sizes, epochs, trivial) -> Row:
    validation, test = 100 * values[arm].T
    layers = "-".join(map(str, sizes))
    published, verdict = "", ""
    if arm == DIFFERENCE:
        published = "97.9 % [T], validation, four layers"
        mean = validation.mean()
        if sizes == (784, 256, 256, 256, 256, 10):
            verdict = (
                "Reached on validation images."
                if mean >= 97.9
                else f"Not reached by {97.9 - mean:.2f} points on validation images: "
                f"{epochs} epochs at widths and schedules that are ours; tanh at the same "
                f"budget has {100 * values['tanh'][:, 0].mean():.2f} %."
            )
        else:
            verdict = "Not comparable, because the quick network and data are smaller."
    return Row(
        f"MNIST {layers}, {arm}, mean test accuracy",
        float(test.mean()),
        "%",
        bootstrap(test),
        paper=published,
        runs=f"{len(test)} seeds x {epochs} epochs, rate {chosen[arm]:g}",
        control=f"validation {validation.mean():.2f} %, majority {100 * trivial:.1f} %",
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
        known = np.isfinite(low)
        on_par = known and -MARGIN <= low and high <= MARGIN
        verdict = "One seed has no interval: not comparable."
        if known:
            verdict = (
                f"{'On par' if on_par else 'Not on par'}: the interval is "
                f"{'within' if on_par else 'not within'} {MARGIN} point."
            )
        rows.append(
            Row(
                f"MNIST, {arm} minus tanh",
                float(difference.mean()),
                "points",
                (low, high),
                paper="on par [T]" if arm == DIFFERENCE else "",
                runs=f"{len(difference)} seeds, paired",
                control="a constant slope is the negative control",
                verdict=verdict,
            )
        )
    return Result(rows)
