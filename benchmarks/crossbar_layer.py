"""An array layer without IR drop beside a plain linear layer, forward and backward.

    python benchmarks/crossbar_layer.py [--size 256] [--batch 64] [--rounds 15]
        [--peer PYTHON]

The array layer quantises its weights to 4-level cells in differential pairs and its
inputs and outputs to 8 and 6 bits, all straight-through. CPU time of one core, medians
over interleaved rounds, float32. `--peer` is a Python in which aihwkit is installed
(its wheels want another one than ours): its layer on the same work, and torch's plain
one, in turn with ours.
"""

import argparse
import os
import pathlib
import platform
import subprocess
import time


os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import jax
import jax.numpy as jnp
import numpy as np

import mtjax
import mtjax.crossbar as crossbar


GOAL = 1.5
LEVELS = 4
LOW, STEP, READ = 1e-4, 1e-4, 0.1  # S, S, V


def plain(w, x):
    """A linear layer."""
    return x @ w


def array(w, x):
    """The same through pairs of cells and converters."""
    numbers, scale = crossbar.quantise(w, LEVELS)
    positive, negative = crossbar.split(numbers)
    full = 3.0 * STEP * READ * (LEVELS - 1)
    dac = crossbar.DAC(8, low=-4.0, high=4.0)
    adc = crossbar.ADC(6, low=-full * 8, high=full * 8)
    currents = crossbar.pair_currents(
        READ * dac(x), LOW + STEP * positive, LOW + STEP * negative
    )
    return adc(currents) * (scale / (STEP * READ))


def peer(python, size, batch):
    """A process that runs aihwkit's layer so often as it is told, or why it does not."""
    script = pathlib.Path(__file__).with_name("aihwkit_layer.py")
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [python, str(script), str(size), str(batch)], stdin=pipe, stdout=pipe, text=True
    )
    print(process.stdout.readline().strip() or "the peer did not start")
    return process


def ask(process, repeats):
    """CPU times of torch's plain layer and of aihwkit's [s]."""
    process.stdin.write(f"{repeats}\n")
    process.stdin.flush()
    return [float(word) / repeats for word in process.stdout.readline().split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--peer")
    options = parser.parse_args()
    print(f"mtjax {mtjax.__version__}, jax {jax.__version__}, {platform.platform()}")
    rng = np.random.default_rng(0)
    w = jnp.asarray(rng.normal(size=(options.size,) * 2) / 16, jnp.float32)
    x = jnp.asarray(rng.normal(size=(options.batch, options.size)), jnp.float32)
    runs = {}
    for name, layer in (("plain linear", plain), ("array", array)):
        loss = lambda w, x, layer=layer: jnp.sum(layer(w, x) ** 2)
        step = jax.jit(jax.value_and_grad(loss, (0, 1))).lower(w, x).compile()
        runs[name] = lambda step=step: jax.block_until_ready(step(w, x))
    times = {name: [] for name in runs}
    other = peer(options.peer, options.size, options.batch) if options.peer else None
    for run in runs.values():
        run()
    for _ in range(options.rounds):
        for name, run in runs.items():
            start = time.process_time()
            for _ in range(10):
                run()
            times[name].append((time.process_time() - start) / 10)
        if other:
            linear, analog = ask(other, 10)
            times.setdefault("torch linear", []).append(linear)
            times.setdefault("aihwkit", []).append(analog)
    if other:
        other.communicate()
    medians = {name: float(np.median(values)) for name, values in times.items()}
    for name, seconds in medians.items():
        ratio = seconds / medians["plain linear"]
        print(f"  {name:14s} {seconds * 1e3:8.3f} ms  {ratio:5.2f}")
    ratio = medians["array"] / medians["plain linear"]
    print(f"goal {GOAL}: {'reached' if ratio <= GOAL else 'not reached'}")


if __name__ == "__main__":
    main()
