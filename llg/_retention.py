"""Retention of the levels of a film: how long they stay in their windows."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from ..data import State
from ._flips import grain_signs
from ._grid import TimeGrid
from ._kinetic import histories
from ._microstates import AbstractMicrostates
from ._pulse import Pulse
from ._system import System
from ._trajectory import trajectory


TEN_YEARS = 10 * 365.25 * 86400.0  # [s]


class Retention(eqx.Module):
    """What became of held states, at each temperature.

    - `failed`: whether the conductance was ever outside of its window, shape
        `(temperatures, states, trials)`, and `left` when that was [s], or infinity.
    - `before`, `after`: conductances of the held states `(states,)` and at the end [S].
    - `weakest`: lowest barrier of each held state [J], and `grain` whose it is.
    - `flips`: number of flips in each history; those slowed down count as they went.
    - `missed`: barriers that were looked for and not found; they counted as infinite.
    """

    failed: Bool[Array, "temperatures states trials"]
    left: Float[Array, "temperatures states trials"]
    before: Float[Array, " states"]
    after: Float[Array, "temperatures states trials"]
    weakest: Float[Array, " states"]
    grain: Int[Array, " states"]
    flips: Int[Array, "temperatures states trials"]
    missed: int = eqx.field(static=True)

    @property
    def failure(self) -> Float[Array, " temperatures"]:
        """Probability that a level leaves its window."""
        return jnp.mean(self.failed, (1, 2))

    @property
    def failure_error(self) -> Float[Array, " temperatures"]:
        """Standard error of `failure`, from the spread over the held states."""
        share = jnp.mean(self.failed, 2)
        return jnp.std(share, axis=1, ddof=1) / math.sqrt(share.shape[1])

    @property
    def drift(self) -> Float[Array, " temperatures"]:
        """Mean change of the conductance [S]."""
        return jnp.mean(self.after - self.before[None, :, None], (1, 2))


def retention(
    states: AbstractMicrostates,
    signs: Any,
    window: Any,
    *,
    temperatures: Any,
    key: Array,
    horizon: float = TEN_YEARS,
    trials: int = 100,
    follow: bool = True,
) -> Retention:
    """How often held states leave the window of their level within a time, and how far.

    Kinetic Monte Carlo over the flips of single grains, see `llg.histories`; barriers
    and attempt rates are those of `states`, at all temperatures the same.

    **Arguments:**

    - `states`: `llg.Microstates`, or `llg.PairwiseMicrostates` for many.
    - `signs`: Of the held states, 1 or -1, shape `(states, grains)`; see
        `llg.written_signs`.
    - `window`: Lower and upper conductance at zero bias [S], shape `(2,)` or
        `(states, 2)`.
    - `temperatures`: Shape `(temperatures,)` [K].
    - `horizon`: How long [s], ten years by default.
    - `trials`: Histories of each held state.
    - `follow`: Whether histories go on once they have left: `after`, `drift` and `flips`
        are otherwise of that moment.
    """
    signs = np.asarray(signs, np.int8)
    if signs.ndim != 2 or not np.all(np.abs(signs) == 1):
        raise ValueError(
            "`signs` must be 1 or -1 and of shape (states, grains), got shape "
            f"{signs.shape}."
        )
    circuit = states.system.circuit
    low, high = float(circuit.antiparallel), float(circuit.parallel)
    window = np.broadcast_to(np.asarray(window, float), (len(signs), 2))
    if not np.all(window[:, 0] < window[:, 1]):
        raise ValueError("`window` must be (lower, upper) with lower < upper [S].")
    temperatures = np.atleast_1d(np.asarray(temperatures, float))
    if not np.all(temperatures > 0):
        raise ValueError(f"`temperatures` must be > 0 K, got {temperatures.min():g} K.")
    limits = 2 * (window - low) / (high - low) - 1
    conductance = lambda cosine: low + (high - low) * (1 + cosine) / 2
    generators = _generators(key, len(temperatures))
    held = np.repeat(signs, trials, axis=0)
    ways = states.ways(signs)
    cosine = states.cosine(signs)
    left, after, flips = [], [], []
    for temperature, generator in zip(temperatures, generators, strict=True):
        found = histories(
            states,
            held,
            np.repeat(limits, trials, axis=0),
            horizon,
            float(temperature),
            generator,
            follow=follow,
        )
        left.append(found.left)
        after.append(conductance(states.cosine(found.signs)))
        flips.append(found.flips)
    shaped = lambda x: jnp.asarray(np.reshape(x, (-1, len(signs), trials)))
    return Retention(
        failed=shaped(np.isfinite(left)),
        left=shaped(left),
        before=jnp.asarray(conductance(cosine)),
        after=shaped(after),
        weakest=jnp.asarray(ways.energy.min(1)),
        grain=jnp.asarray(ways.energy.argmin(1)),
        flips=shaped(flips),
        missed=states.missed,
    )


def written_signs(
    system: System,
    pulse: Pulse,
    grid: TimeGrid,
    grains: int,
    *,
    key: Array,
    trials: int,
    start: State = State.PARALLEL,
) -> Int[Array, "trials grains"]:
    """Signs of the grains that a pulse leaves, of many trials.

    **Arguments:**

    - `system`, `pulse`, `grid`, `start`, `key`: As in `llg.trajectory`.
    - `grains`: Number of columns, see `llg.flips`.
    - `trials`: How many.
    """
    steps = grid.settle + grid.steps

    def one(trial):
        path = trajectory(
            system, pulse, grid, start, key=key, trial=trial, every=steps, dtype=jnp.float32
        )
        return grain_signs(system, path.m[-1], grains)

    return eqx.filter_jit(jax.vmap(one))(jnp.arange(trials))


def _generators(key: Array, number: int) -> list[np.random.Generator]:
    words = np.asarray(jax.random.bits(key, (4,), jnp.uint32))
    seed = np.random.SeedSequence(int.from_bytes(words.tobytes()))
    return [np.random.Generator(np.random.Philox(s)) for s in seed.spawn(number)]
