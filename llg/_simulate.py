"""All samples of a sweep as blocks, and their adjoint: one `custom_vjp`."""

import os
from collections.abc import Callable
from concurrent.futures import as_completed, Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jax import lax

from ._block import cosines, crossings, pullback, Samples


@dataclass(frozen=True, eq=False)
class Plan:
    """What is static in a run."""

    steps: int
    settle: int
    trials: int
    block: int
    narrow: int  # samples of a block in the backward pass
    differentiable: bool
    timed: bool  # whether times are wanted
    relaxation: Any  # of the tangent in a step, in `Score`; None for `Pathwise`
    axial: bool  # see `_score.shift`
    executor: Executor | None
    progress: Callable[[int, int], Any] | None


def _gather(pulses, keys, order, index, trials) -> Samples:
    """The samples of a block; `index` counts trials within pulses of rising end."""
    point = order[index // trials]
    floats = {name: value[point] for name, value in pulses.items()}
    trial = (index % trials).astype(jnp.uint32)
    return Samples(**floats, key=keys[point].T, trial=trial)


def forward_block(system, pulses, keys, order, index, trials, settle, timed):
    """Mean cosines of one block, and, if wanted, the steps at which they changed sign."""
    samples = _gather(pulses, keys, order, index, trials)
    if timed:
        return crossings(system, samples, settle)
    return cosines(system, samples, settle), None


def backward_block(
    system, pulses, keys, order, index, cotangent, relaxation, trials, settle, steps, axial
):
    """Cotangents of the system (summed over the block) and of each sample's pulse."""
    samples = _gather(pulses, keys, order, index, trials)
    d_system, d_samples = pullback(
        system, samples, cotangent, relaxation, steps, settle, axial
    )
    return d_system, {name: getattr(d_samples, name) for name in pulses}


@cache
def _compiled(backend: str):
    options = {"xla_cpu_prefer_vector_width": 512} if backend == "cpu" else None
    forward = jax.jit(
        forward_block, static_argnames=("settle", "timed"), compiler_options=options
    )
    backward = jax.jit(
        backward_block,
        static_argnames=("settle", "steps", "axial"),
        compiler_options=options,
    )
    return forward, backward


def _call(which: int, arguments, static) -> Any:
    """Runs a block where the executor says; gives NumPy arrays."""
    function = _compiled(jax.default_backend())[which]
    return jax.tree.map(np.asarray, function(*arguments, **static))


def _map(plan: Plan, which: int, jobs: list, static: dict) -> list:
    """Results of all blocks in order."""

    def run(executor):
        futures = [executor.submit(_call, which, job, static) for job in jobs]
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


def _indices(samples: int, block: int) -> np.ndarray:
    """Sample numbers of all full blocks; the last block repeats its last sample."""
    blocks = -(-samples // block)
    index = np.minimum(np.arange(blocks * block), samples - 1)
    return index.reshape(blocks, block).astype(np.int32)


def _setting(plan, block, systems, pulses):
    points, devices = pulses["end"].shape[0], systems.alpha.shape[0]
    index = _indices(points * plan.trials, block)
    return points, devices, index, jnp.argsort(pulses["end"])


def _unsort(values, order, trials, points):
    """From samples in the order of blocks to `(device, points, trials)`."""
    flat = values.reshape(values.shape[0], -1)[:, : points * trials]
    sorted_points = flat.reshape(-1, points, trials)
    return jnp.zeros_like(sorted_points).at[:, order].set(sorted_points)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def simulate(plan: Plan, systems, pulses, keys):
    """Mean cosine at the end of the pulse, zeros, and the steps until it changed sign.

    Each of shape `(device, points, trials)`; the last is None unless it is wanted.

    The zeros stand for the logarithm of the likelihood of each trial: with a relaxation,
    they carry its derivative.

    **Arguments:**

    - `systems`: `Assembled` with a leading device axis.
    - `pulses`: Arrays of shape `(points,)` by the field names of `Samples`.
    - `keys`: Key words, shape `(device, points, 2)`.
    """
    points, devices, index, order = _setting(plan, plan.block, systems, pulses)
    static = {"settle": plan.settle, "timed": plan.timed}
    if _traced((systems, pulses, keys)):

        def one(job):
            device, block = job
            system = jax.tree.map(lambda x: x[device], systems)
            return forward_block(
                system, pulses, keys[device], order, block, plan.trials, **static
            )

        flat = lax.map(one, _pairs(devices, index))
    else:
        systems, pulses, keys, order = _host((systems, pulses, keys, order))
        jobs = []
        for device in range(devices):
            system = jax.tree.map(lambda x, d=device: x[d], systems)
            shared = _place(plan, (system, pulses, keys[device], order))
            jobs += [(*shared, block, np.int32(plan.trials)) for block in index]
        results = _map(plan, 0, jobs, static)
        flat = jax.tree.map(lambda *parts: jnp.asarray(np.stack(parts)), *results)
    unsort = lambda x: _unsort(x.reshape(devices, -1), order, plan.trials, points)
    cosine, when = jax.tree.map(unsort, flat)
    return cosine, jnp.zeros_like(cosine), when


def _traced(tree) -> bool:
    return any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(tree))


def _host(tree):
    return jax.tree.map(np.asarray, tree)


def _place(plan: Plan, tree):
    """What all blocks of a device share: on the accelerator, or as it can be pickled."""
    threads = plan.executor is None or isinstance(plan.executor, ThreadPoolExecutor)
    return jax.device_put(tree) if threads else tree


def _pairs(devices, index):
    blocks = index.shape[0]
    device = np.repeat(np.arange(devices), blocks)
    return jnp.asarray(device), jnp.asarray(np.tile(index, (devices, 1)))


def _forward(plan, systems, pulses, keys):
    results = simulate(plan, systems, pulses, keys)
    return results, (systems, pulses, keys, jnp.isnan(results[0]))


def _numbers_only(index, lost):
    """Sample numbers of each device's blocks, with a good sample for each lost one.

    What has a cotangent of zero must still have a finite derivative.
    """
    lost = lost[:, index.reshape(-1)]
    first = jnp.argmin(lost, 1, keepdims=True).astype(index.dtype)
    kept = jnp.where(lost, first, index.reshape(1, -1))
    return kept.reshape(-1, *index.shape)


def _backward(plan, residuals, cotangent):
    if not plan.differentiable:
        raise ValueError(
            "`sweep` was asked for a derivative without a `gradient`: pass "
            "`gradient=llg.Pathwise()` or `llg.Score()` for a smooth observable."
        )
    systems, pulses, keys, lost = residuals
    points, devices, index, order = _setting(plan, plan.narrow, systems, pulses)
    static = {"settle": plan.settle, "steps": plan.steps, "axial": plan.axial}

    def sort(cotangent):
        flat = jnp.where(lost, 0, cotangent)[:, order].reshape(devices, -1)
        return jnp.pad(flat, ((0, 0), (0, index.size - flat.shape[1])))

    flat = jax.tree.map(sort, cotangent[:2])
    indices = _numbers_only(index, lost[:, order].reshape(devices, -1))
    if _traced((systems, pulses, keys, cotangent)):

        def one(carry, job):
            device, block, ct = job
            system = jax.tree.map(lambda x: x[device], systems)
            d_system, d_pulses = backward_block(
                system,
                pulses,
                keys[device],
                order,
                block,
                ct,
                plan.relaxation,
                plan.trials,
                **static,
            )
            total = jax.tree.map(lambda a, b: a.at[device].add(b), carry, d_system)
            return total, d_pulses

        zeros = jax.tree.map(jnp.zeros_like, systems)
        blocks = jax.tree.map(lambda ct: ct.reshape(-1, plan.narrow), flat)
        device = jnp.asarray(np.repeat(np.arange(devices), len(index)))
        each = (device, indices.reshape(-1, plan.narrow), blocks)
        d_systems, d_samples = lax.scan(one, zeros, each)
    else:
        host = (systems, pulses, keys, order, flat, indices)
        systems, pulses, keys, order, flat, indices = _host(host)
        jobs = []
        for device in range(devices):
            system = jax.tree.map(lambda x, d=device: x[d], systems)
            shared = _place(plan, (system, pulses, keys[device], order))
            mine = [ct[device].reshape(index.shape) for ct in flat]
            for block, *ct in zip(indices[device], *mine, strict=True):
                given = (tuple(ct), plan.relaxation, np.int32(plan.trials))
                jobs.append((*shared, block, *given))
        results = _map(plan, 1, jobs, static)
        sums = []
        for device in range(devices):
            mine = results[device * len(index) : (device + 1) * len(index)]
            sums.append(
                jax.tree.map(
                    lambda *parts: sum(part.astype(np.float64) for part in parts),
                    *(d_system for d_system, _ in mine),
                )
            )
        d_systems = jax.tree.map(
            lambda like, *parts: jnp.asarray(np.stack(parts), like.dtype), systems, *sums
        )
        d_samples = jax.tree.map(lambda *parts: np.stack(parts), *(d for _, d in results))
    d_pulses = {
        name: jnp.sum(
            _unsort(jnp.asarray(d).reshape(devices, -1), order, plan.trials, points),
            (0, 2),
        )
        for name, d in d_samples.items()
    }
    return d_systems, d_pulses, None


simulate.defvjp(_forward, _backward)
