"""Runs the blocks of a sweep, a group of them in each call of the compiled kernel."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext
from functools import cache, wraps
from typing import Any

import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jax import lax


# Blocks of a group: to hand a call over takes a tenth of the time of one block.
_LARGEST = 32


def groups(devices: int, blocks: int) -> Iterator[tuple[int, slice]]:
    """Device and blocks of every group, smaller ones last: all threads end about at once.

    A block has the same results in any group.
    """
    left, workers = devices * blocks, len(os.sched_getaffinity(0))
    for device in range(devices):
        first = 0
        while first < blocks:
            size = max(1, min(_LARGEST, blocks - first, left // (4 * workers)))
            yield device, slice(first, first + size)
            first, left = first + size, left - size


@cache
def compiled(kernel: Callable, static: tuple[str, ...], backend: str) -> Any:
    """The kernel for the first `count` blocks of a group, compiled for this backend."""

    @wraps(kernel)
    def group(mine, common, each, count, **options):
        block = lambda i: kernel(mine, common, _take(each, i), **options)
        zeros = lambda x: jnp.zeros((_LARGEST, *x.shape), x.dtype)
        results = jax.tree.map(zeros, jax.eval_shape(block, 0))
        put = lambda i, found: jax.tree.map(
            lambda all, x: all.at[i].set(x), found, block(i)
        )
        return lax.fori_loop(0, count, put, results)

    options = {"xla_cpu_prefer_vector_width": 512} if backend == "cpu" else None
    return jax.jit(group, static_argnames=static, compiler_options=options)


def filled(each) -> tuple[Any, np.int32]:
    """A group with blocks of zeros up to the largest size, and the number of its own."""
    count = len(jax.tree.leaves(each)[0])
    zeros = lambda x: np.zeros((_LARGEST - count, *x.shape[1:]), x.dtype)
    return jax.tree.map(lambda x: np.concatenate([x, zeros(x)]), each), np.int32(count)


def _call(kernel: Callable, mine, common, each, static: dict) -> Any:
    """Runs a group where the executor says; gives NumPy arrays."""
    function = compiled(kernel, tuple(static), jax.default_backend())
    group, count = filled(each)
    results = function(mine, common, group, count, **static)
    return jax.tree.map(lambda x: np.asarray(x)[:count], results)


def _take(tree, index):
    return jax.tree.map(lambda x: x[index], tree)


def traced(tree) -> bool:
    """Whether this runs under a transformation of JAX."""
    return any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(tree))


def _host(tree):
    """The same in NumPy, which can be pickled."""
    return jax.tree.map(np.asarray, tree)


def over_blocks(
    kernel: Callable,
    by_device,
    common,
    each,
    static: dict,
    executor: Executor | None,
    progress: Callable[[int, int], Any] | None,
) -> tuple[Any, Any]:
    """Runs `kernel` on every block, eagerly in `executor`, under `jax.jit` one by one.

    **Arguments:**

    - `kernel`: Takes what is of the device, `common`, what is of the block, and `static`;
        gives what is added up over blocks, and what is kept of each.
    - `by_device`: Arrays with a leading axis of devices.
    - `common`: What all blocks share.
    - `each`: What is of a block, with leading axes of devices and blocks.
    - `executor`: None is a thread for each core.
    - `progress`: Called with the numbers of blocks done and in total.

    **Returns:** The sums of each device, and what is kept, with axes as in `each`.
    """
    devices, blocks = jax.tree.leaves(each)[0].shape[:2]
    axes = lambda x: x.reshape(devices, blocks, *x.shape[1:])
    if traced((by_device, common, each)):
        by_device = jax.tree.map(jnp.asarray, by_device)

        def one(sums, job):
            device, block = job
            more, kept = kernel(_take(by_device, device), common, block, **static)
            return jax.tree.map(lambda all, x: all.at[device].add(x), sums, more), kept

        flat = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), each)
        number = jnp.repeat(jnp.arange(devices), blocks)
        first = (_take(by_device, 0), common, _take(flat, 0))
        shape = jax.eval_shape(lambda *x: kernel(*x, **static)[0], *first)
        zeros = jax.tree.map(lambda x: jnp.zeros((devices, *x.shape), x.dtype), shape)
        sums, kept = lax.scan(one, zeros, (number, flat))
        return sums, jax.tree.map(axes, kept)
    by_device, common, each = map(_host, (by_device, common, each))
    if executor is None:
        running = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
    else:
        running = nullcontext(executor)
    with running as executor:
        jobs = _submit(kernel, by_device, common, each, static, executor)
        sums, kept = _collect(jobs, devices, blocks, progress)
    return sums, jax.tree.map(lambda *parts: axes(np.concatenate(parts)), *kept)


def _submit(kernel, by_device, common, each, static, executor) -> deque:
    """Device and result to come of every group, in order."""
    devices, blocks = jax.tree.leaves(each)[0].shape[:2]
    # On the accelerator, or as it can be pickled.
    threads = isinstance(executor, ThreadPoolExecutor)
    place = jax.device_put if threads else lambda tree: tree
    common, jobs, last, mine = place(common), deque(), None, None
    for device, part in groups(devices, blocks):
        if device != last:
            last, mine = device, place(_take(by_device, device))
        block = _take(each, (device, part))
        jobs.append((device, executor.submit(_call, kernel, mine, common, block, static)))
    return jobs


def _collect(jobs: deque, devices: int, blocks: int, progress) -> tuple[Any, list]:
    """Sums in double precision in the order of blocks, and what is kept, by groups."""
    sums, kept, done = [None] * devices, [], 0
    try:
        while jobs:
            device, job = jobs.popleft()
            more, found = job.result()
            kept.append(found)
            number = len(jax.tree.leaves(found)[0])
            for i in range(number):
                wide = jax.tree.map(lambda x, i=i: x[i].astype(np.float64), more)
                old = sums[device]
                sums[device] = wide if old is None else jax.tree.map(np.add, old, wide)
            done += number
            if progress is not None:
                progress(done, devices * blocks)
    except BaseException:
        for _, job in jobs:
            job.cancel()
        raise
    return jax.tree.map(lambda *x: np.stack(x), *sums), kept
