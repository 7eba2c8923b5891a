import math

import equinox as eqx
import jax
import jax.core as jax_core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int


class Examples(eqx.Module):
    """Labelled examples: features `x` and the index `y` of the class of each row."""

    classes: tuple[str, ...] = eqx.field(static=True)
    x: Float[Array, "rows *shape"]
    y: Int[Array, " rows"]

    def __check_init__(self):
        if isinstance(self.y, jax_core.Tracer):
            return
        if len(self.x) != len(self.y):
            raise ValueError(
                f"`y` must have a label for each of {len(self.x)} rows, got {len(self.y)}."
            )
        y = np.asarray(self.y)
        if y.size and not (0 <= y.min() and y.max() < len(self.classes)):
            raise ValueError(
                f"`y` must be from 0 to {len(self.classes) - 1}, "
                f"got {y.min()} to {y.max()}."
            )

    def __len__(self) -> int:
        return len(self.y)

    def flat(self) -> "Examples":
        """The same examples with one axis of features."""
        x = self.x.reshape(len(self.x), -1)
        return Examples(self.classes, x, self.y)

    def take(self, rows: np.ndarray) -> "Examples":
        """The examples of the given row numbers, in that order."""
        x, y = np.asarray(self.x)[rows], np.asarray(self.y)[rows]  # compiles nothing
        return Examples(self.classes, jnp.asarray(x), jnp.asarray(y))

    def split(self, test: float, *, seed: int) -> tuple["Examples", "Examples"]:
        """Training and test examples, shuffled; each class in proportion to within a row.

        **Arguments:**

        - `test`: The share of the rows to test with, strictly between 0 and 1.
        - `seed`: Which split; the same seed is the same split.
        """
        if not 0 < test < 1:
            raise ValueError(f"`test` must be > 0 and < 1, got {test:g}.")
        generator = np.random.default_rng(seed)
        order = self._by_class(generator)
        steps = np.floor(generator.random() + test * np.arange(len(order) + 1))
        is_test = np.diff(steps) > 0
        parts = [self.take(generator.permutation(order[m])) for m in (~is_test, is_test)]
        missing = {*np.unique(self.y)} - {*np.unique(parts[0].y)}
        if missing or not len(parts[1]):
            raise ValueError(
                f"`test` must leave rows of every class to train with and some to test "
                f"with, got {test:g} of {len(self)} rows."
            )
        return parts[0], parts[1]

    def folds(self, number: int, *, seed: int) -> list[tuple["Examples", "Examples"]]:
        """`number` pairs of training and test examples; each row is tested with once.

        The sizes of the test sets, and of each class in them, differ by at most one row.
        """
        if not 2 <= number <= len(self):
            raise ValueError(f"`number` must be from 2 to {len(self)}, got {number}.")
        generator = np.random.default_rng(seed)
        order = self._by_class(generator)
        fold = np.arange(len(order)) % number
        return [
            (
                self.take(generator.permutation(order[fold != k])),
                self.take(generator.permutation(order[fold == k])),
            )
            for k in range(number)
        ]

    def _by_class(self, generator: np.random.Generator) -> np.ndarray:
        """Row numbers, class after class, in random order within a class."""
        shuffled = generator.permutation(len(self))
        return shuffled[np.argsort(np.asarray(self.y)[shuffled], kind="stable")]


class Standardisation(eqx.Module):
    """Shift and scale of each feature, `(x - mean) / scale`, from the training rows only.

    A feature that is constant over those rows is shifted, not scaled.
    """

    mean: Float[Array, "*shape"]
    scale: Float[Array, "*shape"]

    @classmethod
    def of(cls, x: Float[Array, "rows *shape"]) -> "Standardisation":
        """The one that gives the rows of `x` zero mean and unit variance."""
        values = np.asarray(x, np.float64)
        deviation = values.std(0)
        constant = deviation <= 1e-12 * np.abs(values).max(0, initial=0.0)
        scale = np.where(constant, 1.0, deviation)
        return cls(jnp.asarray(values.mean(0), x.dtype), jnp.asarray(scale, x.dtype))

    def __call__(self, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return (x - self.mean) / self.scale


class Learning(eqx.Module):
    """A classification task: examples to train with and examples to test with."""

    train: Examples
    test: Examples

    def standardised(self) -> "Learning":
        """Both parts with the shift and scale of the training rows."""
        of = jax.vmap(Standardisation.of(self.train.x))
        return Learning(
            *(Examples(e.classes, of(e.x), e.y) for e in (self.train, self.test))
        )

    def baseline(self) -> float:
        """Test accuracy of always guessing the commonest class of the training rows."""
        guess = np.argmax(np.bincount(np.asarray(self.train.y)))
        return math.fsum(np.asarray(self.test.y) == guess) / len(self.test)
