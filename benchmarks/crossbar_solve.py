"""Exact solution of resistive arrays, beside badcrossbar, in one run on one core.

    python benchmarks/crossbar_solve.py [--sizes 15 64 128 256] [--batches 1 64]
        [--rounds 5] [--peers FOLDER ...] [--out FILE]

Cells of 5 to 15 kOhm, 1 Ohm a segment, float64. CPU time, medians over interleaved
rounds, compilation apart. `--peers` are folders to find badcrossbar in
(`pip install --target FOLDER --no-deps badcrossbar pathvalidate sigfig`, and a stub of
pycairo, which only draws). A run that fails is kept in the table.
"""

import argparse
import json
import os
import platform
import sys
import time


os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import jax
import jax.numpy as jnp
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu

import mtjax
import mtjax.crossbar as crossbar


WIRE = 1.0
# (size, batch): largest fraction of badcrossbar's time
GOALS = {
    (15, 1): 0.10,
    (64, 1): 0.03,
    (128, 1): 0.01,
    (256, 1): 0.015,
    (64, 64): 0.12,
    (128, 64): 0.30,
}
GRADIENT_GOAL = 3.0


def sparse(g, v):
    """Currents by a sparse LU factorisation of all nodes: the answer to compare with."""
    m, n = g.shape
    nodes = m * n
    index = np.arange(nodes).reshape(m, n)
    a = [index[:, :-1], nodes + index[:-1], index, index[:, 0], nodes + index[-1]]
    b = [index[:, 1:], nodes + index[1:], nodes + index, None, None]
    rows, columns, values = [], [], []

    def add(i, j, x):
        rows.append(i.ravel()), columns.append(j.ravel())
        values.append(np.broadcast_to(x, i.shape).ravel())

    for i, j, x in zip(a, b, (1 / WIRE, 1 / WIRE, g, 1 / WIRE, 1 / WIRE), strict=True):
        add(i, i, x)
        if j is not None:
            add(j, j, x), add(i, j, -np.asarray(x)), add(j, i, -np.asarray(x))
    data = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    matrix = coo_array(data, shape=(2 * nodes, 2 * nodes)).tocsc()
    right = np.zeros((2 * nodes, len(v)))
    right[index[:, 0]] = v.T / WIRE
    factor = splu(matrix)
    x = factor.solve(right)
    x = x + factor.solve(right - matrix @ x)
    return (x[nodes + index[-1]] / WIRE).T


def peer(folders):
    """Badcrossbar's solver, or the reason why it is not here."""
    import logging

    sys.path[:0] = folders
    logging.disable(logging.INFO)
    import badcrossbar

    def run(g, v):
        answer = badcrossbar.compute(v.T.copy(), 1 / g, None, WIRE, WIRE)
        return np.atleast_2d(answer.currents.output)

    return run


def ours(method, dtype, gradient):
    """Currents of a batch, or currents and gradients, compiled for the shapes given."""

    def forward(g, v):
        array = crossbar.Crossbar.wired(g, WIRE)
        solve = lambda x: crossbar.solve(array, x, method=method).currents
        return jax.vmap(solve)(v)

    def both(g, v):
        currents, pull = jax.vjp(forward, g, v)
        return currents, pull(currents)

    run = jax.jit(both if gradient else forward)

    def prepare(g, v):
        g, v = jnp.asarray(g, dtype), jnp.asarray(v, dtype)
        compiled = run.lower(g, v).compile()
        return lambda: jax.block_until_ready(compiled(g, v))

    return prepare


def measure(size, batch, rounds, bad, seed=0):
    """One row of medians a method: CPU time [s] and relative error of the currents."""
    rng = np.random.default_rng(seed)
    g = 1 / rng.uniform(5e3, 15e3, (size, size))
    v = rng.uniform(0, 0.3, (batch, size))
    exact = sparse(g, v)
    method = crossbar.Method
    makers = {"badcrossbar": lambda g, v: lambda: bad(g, v)} if bad else {}
    for name, kind in (
        ("auto", method.auto),
        ("iterative", method.iterative),
        ("direct", method.direct),
    ):
        if kind is method.direct and size > 128:
            continue
        makers[name] = ours(kind, jnp.float64, False)
        if kind is not method.direct or batch > 1:
            makers[name + " and gradient"] = ours(kind, jnp.float64, True)
    makers["float32"] = ours(method.auto, jnp.float32, False)
    makers["float32 and gradient"] = ours(method.auto, jnp.float32, True)
    runs, rows = {}, {}
    for name, make in makers.items():
        try:
            runs[name] = make(g, v)
            found = runs[name]()
            found = found[0] if isinstance(found, tuple) else found
            error = np.max(np.abs(np.asarray(found) - exact)) / np.max(np.abs(exact))
            rows[name] = {"error": float(error)}
        except Exception as reason:
            runs.pop(name, None)
            rows[name] = {"failed": repr(reason)[:200]}
    times, repeat = {name: [] for name in runs}, {}
    for name, run in runs.items():  # so often that the clock's grain does not matter
        start = time.process_time()
        run()
        repeat[name] = max(1, int(5e-3 / max(time.process_time() - start, 1e-6)))
    for _ in range(rounds):
        for name, run in runs.items():
            repeats = repeat[name]
            run()  # each finds the caches as it left them, not as its predecessor did
            start = time.process_time()
            for _ in range(repeats):
                run()
            times[name].append((time.process_time() - start) / repeats)
    for name, values in times.items():
        rows[name]["seconds"] = float(np.median(values))
    return rows


def report(size, batch, rows):
    """Prints a table, and whether the goals were reached."""
    base = rows.get("badcrossbar", {}).get("seconds")
    print(f"\n{size} x {size}, batch {batch}")
    for name, row in rows.items():
        if "failed" in row:
            print(f"  {name:24s} failed: {row['failed']}")
            continue
        ratio = f"{row['seconds'] / base:8.4f}" if base else " " * 8
        ms = row["seconds"] * 1e3
        print(f"  {name:24s} {ms:10.3f} ms  {ratio}  error {row['error']:.0e}")
    goal, auto = GOALS.get((size, batch)), rows.get("auto", {}).get("seconds")
    if goal and base and auto:
        word = "reached" if auto / base <= goal else "not reached"
        print(f"  of badcrossbar's time: {auto / base:.4f}, goal {goal}: {word}")
    both = rows.get("auto and gradient", {}).get("seconds")
    if auto and both:
        word = "reached" if both / auto <= GRADIENT_GOAL else "not reached"
        print(f"  forward and gradient: {both / auto:.2f} x, goal {GRADIENT_GOAL}: {word}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[15, 64, 128, 256])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 64])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", nargs="*", default=[])
    parser.add_argument("--out")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    print(f"mtjax {mtjax.__version__}, jax {jax.__version__}, {platform.platform()}")
    print("cells 5 to 15 kOhm, 1 Ohm a segment; CPU time of one core, medians")
    try:
        bad = peer(options.peers)
    except Exception as reason:
        bad = None
        print(f"badcrossbar is not here: {reason!r}")
    results = []
    for size in options.sizes:
        for batch in options.batches:
            rows = measure(size, batch, options.rounds, bad)
            report(size, batch, rows)
            sys.stdout.flush()
            results.append({"size": size, "batch": batch, "rows": rows})
            if options.out:
                with open(options.out, "w") as file:
                    json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
