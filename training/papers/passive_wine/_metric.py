from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import scipy.stats

from .._bootstrap import bootstrap
from .._paper import Result, Row
from ._infer import drawn, read_weights
from ._solutions import credit, SCALE, splits, train
from ._units import MIDDLE
from ._writing import names, used, wanted_states


def metrics(card, session) -> Result:
    """Numbers known without test labels, and how well they predict an array.

    300 seeds on one fixed split, one array each of the middle diameter, and a share of
    cells flipped at random. The metric is chosen on 150 and its Spearman correlation
    with the test accuracy taken on the other 150, beside that of the write fidelity. The
    ceiling is the root of the reliability of the accuracy over halves of the test rows.
    """
    made = splits(card, session, session.size("parts")[0])
    x, y, u, v = (jnp.asarray(made[n][0]) for n in ("x", "y", "x_test", "y_test"))
    count, unit = session.size("metric_seeds"), 1 / card.number("array.input_range")
    found = _solve(card, session, x, y, count, unit)
    wanted = np.asarray(wanted_states(card, found, 0))
    mask = used(card)
    rng = np.random.default_rng(1)
    flips = (rng.random(wanted.shape) < card.number("training.error_share")) & mask
    devices = drawn(card, session, 8, MIDDLE, count)
    states = jnp.asarray((wanted ^ flips)[:, None])
    first, second = (w[:, 0] for w in read_weights(card, MIDDLE, devices, states))
    a, b = (jnp.asarray(found[f"0_{n}"][0]) for n in ("first", "second"))

    hidden = jnp.tanh(SCALE[0] * jnp.einsum("ri,sih->srh", x, first) / unit)
    outputs = SCALE[1] * jnp.einsum("srh,sho->sro", hidden, second)
    wished = SCALE[1] * jnp.einsum(
        "srh,sho->sro", jnp.tanh(SCALE[0] * jnp.einsum("ri,sih->srh", x, a) / unit), b
    )
    labels = jnp.broadcast_to(y, outputs.shape[:2])
    candidates = {
        "write fidelity": 1 - flips.sum(axis=(1, 2)) / mask.sum(),
        "output correlation": _correlation(outputs, wished),
        "linearised margin": _margin(_linearised(x, a, b, first, second, unit), labels),
        "array training margin": _margin(outputs, labels),
        "array training accuracy": np.asarray(jnp.mean(credit(outputs, labels), axis=1)),
    }
    tests = jnp.broadcast_to(v, (count, len(v)))
    answers = SCALE[1] * jnp.einsum(
        "srh,sho->sro",
        jnp.tanh(SCALE[0] * jnp.einsum("ri,sih->srh", u, first) / unit),
        second,
    )
    right = np.asarray(credit(answers, tests))
    accuracy, half = right.mean(axis=1), count // 2
    rank = lambda m, rows: _spearman(m[rows], accuracy[rows])
    chosen = max(candidates, key=lambda name: rank(candidates[name], slice(None, half)))
    reliability = _reliability(right)
    rows, mixed = [], np.random.default_rng(3).permutation(accuracy[half:])
    for name, values in candidates.items():
        both = np.stack([values[half:], accuracy[half:]], axis=1)
        low, high = bootstrap(
            both, lambda w, axis: _spearman(w[:, 0], w[:, 1]), resamples=500
        )
        text = ""
        if name == chosen:
            text = (
                "Chosen on the other half of the seeds; no number of a metric is published."
            )
        rows.append(
            Row(
                f"Spearman correlation with test accuracy: {name}",
                rank(values, slice(half, None)),
                interval=(low, high),
                paper="new metrics are asked for [P]" if name == chosen else "",
                runs=f"{count - half} seeds, one array each, {names(card)[MIDDLE]}",
                control=f"ceiling {np.sqrt(max(reliability, 0)):.2f}; shuffled "
                f"{_spearman(values[half:], mixed):+.2f}",
                verdict=text,
            )
        )
    arrays = {name.replace(" ", "_"): np.asarray(m) for name, m in candidates.items()}
    return Result(rows, arrays | {"accuracy": accuracy})


def _solve(card, session, x, y, count, unit):
    settings = {
        "hidden": card.count("training.hidden"),
        "steps": session.size("steps"),
        "rate": card.number("training.rate"),
        "unit": unit,
        "binary": True,
    }

    keys = jr.split(session.key(8), count)
    (first, second), _ = jax.vmap(lambda key: train(x, y, key, **settings))(keys)
    return {"0_first": np.asarray(first)[None], "0_second": np.asarray(second)[None]}


def _correlation(outputs, wished) -> np.ndarray:
    a, b = (np.asarray(o).reshape(len(o), -1) for o in (outputs, wished))
    a, b = (m - m.mean(axis=1, keepdims=True) for m in (a, b))
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def _margin(outputs, labels) -> np.ndarray:
    """Mean over rows of the margin of the right output, over its deviation."""
    own = jnp.take_along_axis(outputs, labels[..., None], axis=-1)[..., 0]
    others = jnp.where(jnp.arange(3) == labels[..., None], -jnp.inf, outputs).max(axis=-1)
    margin = own - others
    return np.asarray(margin.mean(axis=1) / margin.std(axis=1))


def _linearised(x, a, b, first, second, unit):
    """Outputs to first order in what the array changes of the weights."""
    inner = SCALE[0] * jnp.einsum("ri,sih->srh", x, a) / unit
    hidden = jnp.tanh(inner)
    change = SCALE[0] * jnp.einsum("ri,sih->srh", x, first - a) / unit
    moved = hidden + (1 - hidden**2) * change
    return SCALE[1] * (
        jnp.einsum("srh,sho->sro", moved, b)
        + jnp.einsum("srh,sho->sro", hidden, second - b)
    )


def _reliability(right: np.ndarray) -> float:
    """Spearman-Brown reliability of the accuracy, from random halves of the rows."""
    rng, found = np.random.default_rng(2), []
    for _ in range(50):
        order = rng.permutation(right.shape[1])
        first, second = np.array_split(order, 2)
        halves = (right[:, rows].mean(axis=1) for rows in (first, second))
        found.append(_spearman(*halves))
    r = float(np.mean(found))
    return 2 * r / (1 + r)


def _spearman(a, b) -> float:
    found: Any = scipy.stats.spearmanr(a, b)
    return float(found.statistic)
