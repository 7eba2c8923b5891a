from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from .. import crossbar
from ._data import check_samples, count_classes
from ._ir_drop import Wires
from ._metrics import accuracy, majority
from ._through_array import ThroughArray


class Chips(eqx.Module):
    """What a network reaches on a number of independently programmed chips.

    - `accuracy`: of each chip, shape `(chips,)`.
    - `logits`: mean over the chips, shape `(samples, classes)`.
    - `baseline`: of always answering the most frequent label.
    """

    accuracy: Float[Array, " chips"]
    logits: Float[Array, "samples classes"]
    baseline: Float[Array, ""]

    @property
    def median(self) -> float:
        """Median accuracy of the chips."""
        return float(jnp.median(self.accuracy))

    @property
    def spread(self) -> tuple[float, float]:
        """Lower and upper quartile of the accuracy over the chips."""
        low, high = np.quantile(np.asarray(self.accuracy), [0.25, 0.75])
        return float(low), float(high)

    @property
    def extremes(self) -> tuple[float, float]:
        """Accuracy of the worst and of the best chip."""
        return float(jnp.min(self.accuracy)), float(jnp.max(self.accuracy))


def evaluate_chips(
    network: Any,
    cell: Any,
    spec: crossbar.Spec,
    x: Any,
    y: Any,
    *,
    keys: Key[Array, " chips"],
    table: Any = None,
    wires: Wires = Wires.EXACT,
) -> Chips:
    """Accuracy of one network on `len(keys)` chips, each programmed once.

    No weight is changed after a chip is drawn. Compiled once; the chips run one after
    the other. Arguments as in `on_array`; `x`, `y`: inputs and labels.
    """
    forward = ThroughArray(cell, spec, table, wires)
    classes = count_classes(forward, network, jnp.asarray(x[:1]))
    x, y = check_samples(x, y, classes=classes)
    accuracies, logits = _scores(network, forward, x, y, keys)
    return Chips(accuracies, logits, jnp.asarray(majority(y, y)))


@eqx.filter_jit
def _scores(network, forward, x, y, keys):
    def one(total, key):
        logits = forward(network, x, key)
        return total + logits / len(keys), accuracy(logits, y)

    total = jnp.zeros(jax.eval_shape(lambda: forward(network, x, keys[0])).shape, x.dtype)
    total, accuracies = jax.lax.scan(one, total, keys)
    return accuracies, total
