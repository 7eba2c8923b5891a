"""All samples of a sweep as blocks."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ._block import cosines, Samples, watched
from ._groups import over_blocks


@dataclass(frozen=True, eq=False)
class Plan:
    """What is static in a run."""

    steps: int
    settle: int
    trials: int
    block: int  # samples of a block
    watched: bool  # whether times and energies are wanted
    scored: bool  # whether derivatives are `Score`'s, not `Pathwise`'s
    axial: bool  # see `_score.shift`
    executor: Executor | None
    progress: Callable[[int, int], Any] | None


def gather(keys, pulses, order, trials, index) -> Samples:
    """The samples of a block; `index` counts trials within pulses of rising end."""
    point = order[index // trials]
    floats = {name: value[point] for name, value in pulses.items()}
    trial = (index % trials).astype(jnp.uint32)
    return Samples(**floats, key=keys[point].T, trial=trial)


def forward_block(mine, common, index, *, settle, watch):
    """Mean cosines of one block, and, if wanted, what else `watched` gives."""
    system, keys = mine
    pulses, order, trials = common
    samples = gather(keys, pulses, order, trials, index)
    if watch:
        return None, watched(system, samples, settle)
    return None, (cosines(system, samples, settle), None, None)


class Layout:
    """How the samples of all pulses make up blocks, in the order of the pulses' ends."""

    def __init__(self, plan: Plan, block: int, systems, pulses):
        self.trials, self.points = plan.trials, pulses["end"].shape[0]
        self.devices = systems.alpha.shape[0]
        self.order = jnp.argsort(pulses["end"])
        samples = self.points * self.trials
        blocks = -(-samples // block)
        # The last block repeats its last sample.
        index = np.minimum(np.arange(blocks * block), samples - 1)
        self.index = index.reshape(blocks, block).astype(np.int32)

    def unsort(self, values) -> jax.Array:
        """From samples in the order of blocks to `(device, points, trials)`."""
        flat = values.reshape(self.devices, -1)[:, : self.points * self.trials]
        sorted_points = flat.reshape(-1, self.points, self.trials)
        return jnp.asarray(sorted_points)[:, jnp.argsort(self.order)]


def over_samples(plan: Plan, block: int, kernel, by_device, pulses, *more, **static):
    """What `kernel` keeps of every sample, each of shape `(device, points, trials)`.

    `by_device` is what is of a device, an `Assembled` first. All share pulses, order of
    the pulses, number of trials, and `more`; of a block are the numbers of its samples.
    """
    layout = Layout(plan, block, by_device[0], pulses)
    common = (pulses, layout.order, np.int32(plan.trials), *more)
    each = np.broadcast_to(layout.index, (layout.devices, *layout.index.shape))
    how = (static, plan.executor, plan.progress)
    _, kept = over_blocks(kernel, by_device, common, each, *how)
    return jax.tree.map(layout.unsort, kept)


def simulate(plan: Plan, systems, pulses, keys):
    """Mean cosine at the end of the pulse, zeros, steps until it changed sign, and power.

    Each of shape `(device, points, trials)`; the last two are those of `watched`, or None.

    The zeros stand for the logarithm of the likelihood of each trial: with a relaxation,
    they carry its derivative.

    **Arguments:**

    - `systems`: `Assembled` with a leading device axis.
    - `pulses`: Arrays of shape `(points,)` by the field names of `Samples`.
    - `keys`: Key words, shape `(device, points, 2)`.
    """
    static = {"settle": plan.settle, "watch": plan.watched}
    cosine, *more = over_samples(
        plan, plan.block, forward_block, (systems, keys), pulses, **static
    )
    return cosine, jnp.zeros_like(cosine), *more
