import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from .... import data
from ..._in_the_loop import DeviceInLoop
from ..._metrics import majority
from ..._neurons import Slope
from ..._optimizer import adamw
from .._bootstrap import bootstrap
from .._many import score_many, stack, train_many
from .._paper import Result, Row
from .._verdict import change
from ._devices import IDEAL, network
from ._tasks import iris_folds, spirals


SIZES = {"Iris": (4, 8, 3), "spiral": (2, 32, 16, 3), "digits": (64, 32, 10)}


def _tasks(card, session, chips):
    fold = lambda n: tuple(a[n % 5] for a in iris_folds(1))
    digits = data.learning("digits", seed=0)
    one = (digits.train.x, digits.train.y, digits.test.x, digits.test.y)
    many = lambda parts: tuple(jnp.stack([p[i] for p in parts]) for i in range(4))
    small = card.count("training.batch")
    large = card.count("training.spiral_batch")
    iris_epochs = session.size("iris_epochs")
    return {
        "Iris": (many([fold(n) for n in range(chips)]), iris_epochs, small),
        "spiral": (spirals(chips), session.size("spiral_epochs"), large),
        "digits": (
            tuple(
                jnp.float32(a) if a.dtype.kind == "f" else a for a in many([one] * chips)
            ),
            iris_epochs // 2,
            large,
        ),
    }


def chips(card, session) -> Result:
    """The same chips trained in the loop, and given weights trained on an ideal chip.

    Both ways have the same weights to begin with, data, order and number of steps. The
    ideal chip has no variation, offset, mismatch or noise and exact slopes. The control
    is the transferred network on the ideal chip. The paired gain is the claim.
    """
    number = session.size("chips")
    loop, exact = DeviceInLoop(Slope.FINITE_DIFFERENCE), DeviceInLoop(Slope.EXACT)
    rows, arrays = [], {}
    tasks = _tasks(card, session, number)
    tasks = {name: tasks[name] for name in session.size("chip_tasks")}
    for done, (name, ((x, y, u, v), epochs, batch)) in enumerate(tasks.items()):
        keyed = [
            {"weights": session.key(7, 1, n), "chip": session.key(7, 2, n)}
            for n in range(number)
        ]
        made = stack([network(card, SIZES[name], **k) for k in keyed])
        ideal = stack([network(card, SIZES[name], **k, **IDEAL) for k in keyed])
        peak = card.number("training.rate")
        steps = epochs * (x.shape[1] // batch)
        budget = {
            "keys": jr.split(session.key(7, 3), number),
            "epochs": epochs,
            "batch": batch,
            "optimizer": adamw(steps, peak=peak, decay=0),
        }
        trained = train_many(made, x, y, forward=loop, **budget)
        apart = train_many(ideal, x, y, forward=exact, **budget)
        moved = eqx.tree_at(lambda n: n.neurons, apart, made.neurons)
        keys = jr.split(session.key(7, 4), number)
        right = [
            np.asarray(score_many(n, u, v, keys=keys, forward=loop))
            for n in (trained, moved, apart)
        ]
        # shares of tests as they are in decimals, not in float32
        in_loop, transferred, control = (np.round(100 * r.astype(float), 4) for r in right)
        gain = in_loop - transferred
        low, high = bootstrap(gain)
        runs = f"{number} chips"
        trivial = 100 * majority(y[0], v[0])
        rows += [
            Row(
                f"{name}: chip in the loop",
                float(in_loop.mean()),
                "%",
                bootstrap(in_loop),
                runs=runs,
                control=f"majority {trivial:.1f} %",
            ),
            Row(
                f"{name}: trained apart, then transferred",
                float(transferred.mean()),
                "%",
                bootstrap(transferred),
                runs=runs,
                control=f"on the ideal chip {control.mean():.2f} %",
            ),
            Row(
                f"{name}: gain of training in the loop",
                float(gain.mean()),
                "points",
                (low, high),
                paper="93.3 % despite pronounced variability [P]" if name == "Iris" else "",
                runs=f"{runs}, paired",
                control=f"trained apart {transferred.mean():.2f} %",
                verdict=f"{name}: "
                + change(gain.mean(), (low, high), "training in the loop")
                + ("; no number of this gain is published." if name == "Iris" else "."),
            ),
        ]
        arrays[name] = np.stack(right)
        session.progress(done + 1, len(tasks))
    return Result(rows, arrays)


def plot_chips(figure, arrays, card) -> None:
    """Each chip, in the loop over transferred."""
    del card
    many = figure.subplots(1, len(arrays), squeeze=False)[0]
    for axes, name in zip(many, arrays, strict=True):
        in_loop, transferred, _ = 100 * arrays[name]
        axes.plot(transferred, in_loop, "o", alpha=0.6)
        low = min(transferred.min(), in_loop.min())
        axes.plot([low, 100], [low, 100], "k:")
        axes.set(xlabel="transferred / %", ylabel="in the loop / %", title=name)
