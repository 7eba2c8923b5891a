import equinox as eqx
import jax.core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..data import quantity
from ._values import Matrix, PerLine


class Sides(eqx.Module):
    """Source voltages [V] at the ends of the lines; `None` is 0 V.

    `left` and `right` are the ends of the word lines, shape `(m,)`; `top` and `bottom`
    those of the bit lines, shape `(n,)`.
    """

    left: Float[Array, " m"] | None = None
    right: Float[Array, " m"] | None = None
    top: Float[Array, " n"] | None = None
    bottom: Float[Array, " n"] | None = None


class Crossbar(eqx.Module):
    """A resistive array of `m` word lines (rows) and `n` bit lines (columns).

    Cell `(i, j)` joins node `j` of word line `i` to node `i` of bit line `j`. At each
    end of a line there is a source behind a resistance; `inf` leaves the end open. All
    resistances may be zero; each is a scalar, or has one value a line. `Crossbar.wired`
    is the usual array.
    """

    conductance: Matrix = quantity(
        "S", lower=0, below=np.inf, doc="conductance of each cell"
    )
    word_wire: PerLine = quantity(
        "Ohm", lower=0, below=np.inf, default=0.0, doc="resistance of a word-line segment"
    )
    bit_wire: PerLine = quantity(
        "Ohm", lower=0, below=np.inf, default=0.0, doc="resistance of a bit-line segment"
    )
    left: PerLine = quantity(
        "Ohm", lower=0, default=0.0, doc="termination of the word lines, column 0 side"
    )
    right: PerLine = quantity(
        "Ohm", lower=0, default=np.inf, doc="termination of the word lines, far side"
    )
    top: PerLine = quantity(
        "Ohm", lower=0, default=np.inf, doc="termination of the bit lines, row 0 side"
    )
    bottom: PerLine = quantity(
        "Ohm", lower=0, default=0.0, doc="termination of the bit lines, far side"
    )

    def __check_init__(self):
        shape = jnp.shape(self.conductance)
        if len(shape) != 2 or 0 in shape:
            raise ValueError(
                "`conductance` must have the shape (word lines, bit lines), at least one "
                f"of each, got {shape}."
            )
        for names, lines, kind in (
            (("word_wire", "left", "right"), shape[0], "word"),
            (("bit_wire", "top", "bottom"), shape[1], "bit"),
        ):
            for name in names:
                if jnp.shape(getattr(self, name)) not in ((), (lines,)):
                    raise ValueError(
                        f"`{name}` must be a scalar or have one value for each of the "
                        f"{lines} {kind} lines, got shape {jnp.shape(getattr(self, name))}."
                    )
        _check_ground(self)

    @classmethod
    def wired(cls, conductance, wire=0.0) -> "Crossbar":
        """Word lines driven at the left, bit lines grounded at the bottom.

        Every segment has the resistance `wire` [Ohm], and so has the one between each
        driver or ground and the array; the other ends are open.
        """
        return cls(
            conductance=conductance, word_wire=wire, bit_wire=wire, left=wire, bottom=wire
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of word lines and of bit lines."""
        return self.conductance.shape[0], self.conductance.shape[1]


def _check_ground(array: Crossbar) -> None:
    """Refuses an array in which some line has no path to a source or to ground.

    Also one in which a line of no resistance joins two sources of no resistance. Needs
    the values, so it is skipped under a transformation.
    """
    values = [
        array.conductance, array.word_wire, array.bit_wire,
        array.left, array.right, array.top, array.bottom,
    ]  # fmt: skip
    if not all(isinstance(v, (np.ndarray, jnp.ndarray)) for v in values) or any(
        isinstance(v, jax.core.Tracer) for v in values
    ):
        return
    conductance, word, bit, left, right, top, bottom = (np.asarray(v) for v in values)
    for name, wire, first, last in (
        ("word", word, left, right),
        ("bit", bit, top, bottom),
    ):
        if np.any((wire == 0) & (first == 0) & (last == 0)):
            raise ValueError(
                f"A {name} line of no resistance must not join two terminations of no "
                "resistance; give one of the three a value > 0 [Ohm]."
            )
    m, n = conductance.shape
    rows, columns = np.nonzero(conductance)
    held_word = np.flatnonzero(np.broadcast_to(np.minimum(left, right) < np.inf, (m,)))
    held_bit = np.flatnonzero(np.broadcast_to(np.minimum(top, bottom) < np.inf, (n,)))
    held = np.concatenate([held_word, m + held_bit])
    first = np.concatenate([rows, held])
    second = np.concatenate([m + columns, np.full(held.size, m + n)])
    graph = coo_array((np.ones(first.size), (first, second)), shape=(m + n + 1,) * 2)
    _, label = connected_components(graph, directed=False)
    lost = np.flatnonzero(label[:-1] != label[-1])
    if lost.size:
        kind, line = ("word", lost[0]) if lost[0] < m else ("bit", lost[0] - m)
        raise ValueError(
            "Each line of the array must have a path to a termination, "
            f"but {kind} line {line} is open at both ends and no cell connects it."
        )
