"""All samples of a sweep as blocks."""

import os
from collections.abc import Callable
from concurrent.futures import as_completed, Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jax import lax

from ._block import cosines, Samples, watched


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


def gather(pulses, keys, order, index, trials) -> Samples:
    """The samples of a block; `index` counts trials within pulses of rising end."""
    point = order[index // trials]
    floats = {name: value[point] for name, value in pulses.items()}
    trial = (index % trials).astype(jnp.uint32)
    return Samples(**floats, key=keys[point].T, trial=trial)


def forward_block(system, pulses, keys, order, index, trials, *, settle, watch):
    """Mean cosines of one block, and, if wanted, what else `watched` gives."""
    samples = gather(pulses, keys, order, index, trials)
    if watch:
        return watched(system, samples, settle)
    return cosines(system, samples, settle), None, None


@cache
def compiled(kernel: Callable, static: tuple[str, ...], backend: str) -> Any:
    """A kernel of blocks, compiled for this backend."""
    options = {"xla_cpu_prefer_vector_width": 512} if backend == "cpu" else None
    return jax.jit(kernel, static_argnames=static, compiler_options=options)


def _call(kernel: Callable, arguments, static: dict) -> Any:
    """Runs a block where the executor says; gives NumPy arrays."""
    function = compiled(kernel, tuple(static), jax.default_backend())
    return jax.tree.map(np.asarray, function(*arguments, **static))


def run_jobs(plan: Plan, kernel: Callable, jobs: list, static: dict) -> list:
    """Results of all blocks in order."""

    def run(executor):
        futures = [executor.submit(_call, kernel, job, static) for job in jobs]
        try:
            if plan.progress is not None:
                for done, _ in enumerate(as_completed(futures), start=1):
                    plan.progress(done, len(jobs))
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise

    if plan.executor is not None:
        return run(plan.executor)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as executor:
        return run(executor)


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

    def each(self) -> tuple[jax.Array, jax.Array]:
        """Device and samples of every block."""
        blocks = self.index.shape[0]
        device = jnp.asarray(np.repeat(np.arange(self.devices), blocks))
        return device, jnp.asarray(np.tile(self.index, (self.devices, 1)))

    def unsort(self, values) -> jax.Array:
        """From samples in the order of blocks to `(device, points, trials)`."""
        flat = values.reshape(self.devices, -1)[:, : self.points * self.trials]
        sorted_points = flat.reshape(-1, self.points, self.trials)
        return jnp.zeros_like(sorted_points).at[:, self.order].set(sorted_points)


def traced(tree) -> bool:
    """Whether this runs under a transformation of JAX."""
    return any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(tree))


def host(tree):
    """The same in NumPy, which can be pickled."""
    return jax.tree.map(np.asarray, tree)


def place(plan: Plan, tree):
    """What all blocks of a device share: on the accelerator, or as it can be pickled."""
    threads = plan.executor is None or isinstance(plan.executor, ThreadPoolExecutor)
    return jax.device_put(tree) if threads else tree


def over_samples(plan: Plan, block: int, kernel, systems, pulses, keys, *more, **static):
    """What `kernel` gives for every sample, each of shape `(device, points, trials)`.

    It is called with what is of a device (the tree `systems`, whose first is an
    `Assembled`), pulses, keys, order and numbers of the samples, trials, and `more`.
    """
    layout = Layout(plan, block, systems[0], pulses)
    trials = np.int32(plan.trials)
    if traced((systems, pulses, keys)):

        def one(job):
            device, index = job
            mine = jax.tree.map(lambda x: x[device], systems)
            shared = (*mine, pulses, keys[device], layout.order)
            return kernel(*shared, index, trials, *more, **static)

        flat = lax.map(one, layout.each())
    else:
        systems, pulses, keys, order = host((systems, pulses, keys, layout.order))
        jobs = []
        for device in range(layout.devices):
            mine = jax.tree.map(lambda x, d=device: x[d], systems)
            shared = place(plan, (*mine, pulses, keys[device], order))
            jobs += [(*shared, index, trials, *more) for index in layout.index]
        results = run_jobs(plan, kernel, jobs, static)
        flat = jax.tree.map(lambda *parts: jnp.asarray(np.stack(parts)), *results)
    return jax.tree.map(layout.unsort, flat)


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
        plan, plan.block, forward_block, (systems,), pulses, keys, **static
    )
    return cosine, jnp.zeros_like(cosine), *more
