import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int


def cross_entropy(
    logits: Float[Array, "samples classes"], labels: Int[Array, " samples"]
) -> Float[Array, ""]:
    r"""Mean negative log-likelihood of the labels [nat].

    $$-\frac1N \sum_i \log \mathrm{softmax}(z_i)_{y_i}$$

    **Arguments:**

    - `logits`: $z$, shape `(samples, classes)`.
    - `labels`: $y$, integers from 0 to `classes - 1`, shape `(samples,)`.
    """
    logarithms = jax.nn.log_softmax(logits, axis=-1)
    return -jnp.mean(jnp.take_along_axis(logarithms, labels[:, None], axis=-1))


def accuracy(
    logits: Float[Array, "samples classes"], labels: Int[Array, " samples"]
) -> Float[Array, ""]:
    """Fraction of samples whose largest logit is that of their label."""
    return jnp.mean(jnp.argmax(logits, axis=-1) == labels)


def majority(labels: Int[ArrayLike, " samples"], test: Int[ArrayLike, " tests"]) -> float:
    """Accuracy on `test` of always answering the most frequent of `labels`.

    The trivial baseline: what a classifier reaches that does not look at its input.
    """
    return float(np.mean(np.asarray(test) == np.argmax(np.bincount(np.asarray(labels)))))


def confusion_matrix(
    logits: Float[Array, "samples classes"], labels: Int[Array, " samples"]
) -> Int[Array, "classes classes"]:
    """How many samples of class `i` (row) were answered with class `j` (column)."""
    classes = logits.shape[-1]
    answers = jnp.argmax(logits, axis=-1)
    counts = jnp.zeros((classes, classes), dtype=int)
    return counts.at[labels, answers].add(1)
