"""Microstates of a film, and the ways between them."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from ..data import Outcome, require_x64
from ._constants import GAMMA
from ._flips import Flips, flips, grain_signs, settled
from ._landscape import Landscape
from ._system import System


Attempt = float | Callable[[System, Float[Array, "spins 3"], Flips], Array]


class Ways(NamedTuple):
    """Ways out of states by turning one grain, shape `(states, grains)` each.

    - `energy`, `back`: barriers of the way and of the way back [J], or infinity.
    - `attempt`, `again`: attempt rates of both [1/s].
    """

    energy: np.ndarray
    back: np.ndarray
    attempt: np.ndarray
    again: np.ndarray


@runtime_checkable
class AbstractMicrostates(Protocol):
    """States of a film, each told by the signs of its grains, 1 or -1."""

    system: System

    @property
    def missed(self) -> int:
        """Barriers that were looked for and not found; they count as infinite."""
        ...

    def ways(self, signs: np.ndarray) -> Ways:
        """Ways out of states of shape `(states, grains)`."""
        ...

    def go(self, signs: np.ndarray, grain: np.ndarray) -> np.ndarray:
        """The states after one of their grains has turned, shape `(states, grains)`."""
        ...

    def cosine(self, signs: np.ndarray) -> np.ndarray:
        """With the reference layer, averaged over the area, shape `(states,)`."""
        ...


class Microstates:
    """States whose barriers are found by strings when they are first asked for.

    All are kept: a state costs one call of `llg.flips`.

    **Arguments:**

    - `system`: Spins in columns, see `llg.flips`.
    - `grains`: Number of columns.
    - `attempt`: Attempt rate [1/s], or what gives those of both directions, shape
        `(grains, 2)`, from a system, a state and its flips: `llg.langer_attempts`.
    - `limit`: Largest number of states to look at.
    - `options`: Of `llg.flips`.
    """

    def __init__(
        self, system: System, grains: int, *, attempt: Attempt, limit: int = 1000, **options
    ):
        require_x64("The barriers of a film")
        self.system, self.grains, self.attempt = system, grains, attempt
        self.limit, self.options = limit, options
        column = np.arange(len(system.moment)) % grains
        area = np.bincount(column, np.asarray(system.weight), grains)
        self.real = area > 0  # not grains of padding
        self._missed = 0
        self.states: dict[bytes, np.ndarray] = {}
        self.found: dict[bytes, tuple[Ways, np.ndarray, Flips]] = {}
        self.cosines: dict[bytes, float] = {}

    @property
    def missed(self) -> int:
        """See `AbstractMicrostates`."""
        return self._missed

    def state(self, signs: np.ndarray) -> np.ndarray:
        """The state at rest with these signs, shape `(spins, 3)`."""
        name = _name(signs)
        if name not in self.states:
            m = np.asarray(settled(self.system, jnp.asarray(signs, int)))
            self.states[name] = m
            along = m @ np.asarray(self.system.polariser)
            self.cosines[name] = float(np.asarray(self.system.weight) @ along)
        return self.states[name]

    def flips(self, signs: np.ndarray) -> Flips:
        """Barriers of all grains of a state."""
        return self._row(signs)[2]

    def at_rest(self, signs: np.ndarray) -> np.ndarray:
        """Signs of the states that states fall into, those of themselves if they last."""
        fallen = [
            grain_signs(self.system, jnp.asarray(self.state(row)), self.grains)
            for row in signs
        ]
        return np.asarray(fallen, np.int8)

    def ways(self, signs: np.ndarray) -> Ways:
        """See `AbstractMicrostates`."""
        rows = [self._row(row)[0] for row in signs]
        return Ways(*(np.stack(leaf) for leaf in zip(*rows, strict=True)))

    def go(self, signs: np.ndarray, grain: np.ndarray) -> np.ndarray:
        """See `AbstractMicrostates`; other grains may follow."""
        rows = [self._row(s)[1][g] for s, g in zip(signs, grain, strict=True)]
        return np.array(rows, np.int8).reshape(signs.shape)

    def cosine(self, signs: np.ndarray) -> np.ndarray:
        """See `AbstractMicrostates`."""
        for row in signs:
            self.state(row)
        return np.array([self.cosines[_name(row)] for row in signs])

    def _row(self, signs: np.ndarray):
        name = _name(signs)
        if name not in self.found:
            if len(self.found) >= self.limit:
                raise ValueError(
                    f"`limit` must be > {self.limit} states for this; "
                    "`llg.PairwiseMicrostates` needs none."
                )
            m = jnp.asarray(self.state(signs))
            found = flips(self.system, m, self.grains, **self.options)
            good = np.asarray(jax.vmap(lambda o: o == Outcome.successful)(found.outcome))
            possible = good & self.real
            # Where a grain falls back by itself there is no barrier to find.
            self._missed += int(np.sum(self.real & ~good & np.isfinite(found.energy)))
            attempt = np.where(possible[:, None], self._attempts(m, found), 0.0)
            limit = lambda energy: np.where(possible, np.asarray(energy), np.inf)
            ways = Ways(limit(found.energy), limit(found.back), *attempt.T)
            self.found[name] = ways, np.asarray(found.signs, np.int8), found
        return self.found[name]

    def _attempts(self, m: Any, found: Flips) -> np.ndarray:
        if callable(self.attempt):
            return np.asarray(self.attempt(self.system, m, found))
        return np.full((self.grains, 2), float(self.attempt))


def _name(signs: np.ndarray) -> bytes:
    return np.asarray(signs, np.int8).tobytes()


def langer_attempts(
    system: System, start: Float[Array, "spins 3"], found: Flips
) -> Float[Array, "transitions 2"]:
    r"""Attempt rates of all flips and of their ways back [1/s], after Langer.

    As `llg.escape_over` of one barrier, without its turnover: an upper bound for grains
    that lose little energy in a turn. See there for the equation.
    """
    require_x64("An escape rate")
    return _langer(system, start, found.end, found.saddle)


@eqx.filter_jit
def _langer(system, start, ends, saddles):
    landscape = Landscape.of(system)
    logarithm = lambda m: jnp.linalg.slogdet(landscape.curvature(m)[1])[1]
    first = logarithm(start)

    def motion(m):
        alpha = system.alpha[:, None]
        precession = jnp.cross(m, landscape.field(m))
        damping = alpha * jnp.cross(m, precession)
        return -GAMMA / (1 + alpha**2) * (precession + damping)

    def one(pair):
        end, saddle = pair
        plane = landscape.curvature(saddle)[2]
        slope = jax.jacfwd(motion)(saddle)
        size = 2 * saddle.shape[0]
        matrix = jnp.einsum("aix,ixjy,bjy->aibj", plane, slope, plane).reshape(size, size)
        growth = jnp.max(jnp.linalg.eigvals(matrix).real)
        states = jnp.stack([first, logarithm(end)])
        return growth / (2 * jnp.pi) * jnp.exp((states - logarithm(saddle)) / 2)

    return lax.map(one, (ends, saddles))
