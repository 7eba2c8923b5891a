"""Rates of `llg.sweep` beside a C kernel and cmtj, its gradient, threads and memory.

    python benchmarks/llg_sweep.py [--rounds 7] [--threads]

Million spin-steps per second of CPU time on one core, medians over interleaved rounds,
float32, Heun at 300 K with spin-transfer torque, compilation excluded. A gradient is by
four parameters (tangents), all derivatives are by every one of the device (adjoint). The
C kernel is `llg_limit.c`, compiled here with `gcc -O3 -march=native`; its head says what
it leaves out. `--threads` measures wall time with one and two threads: leave the machine
alone.
"""

import argparse
import ctypes
import importlib
import importlib.metadata
import os
import pathlib
import platform
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

import mtjax
import mtjax.llg as llg


jax.config.update("jax_enable_x64", True)

_groups: Any = importlib.import_module("mtjax.llg._groups")
SPINS, STEPS = 65_536, 400
SAMPLES, GRAINS, GRAIN_STEPS = 4_096, 64, 40
JUNCTION = llg.Junction(
    resistance_area=5e-12, tmr=1, v_half=0.5, polarisation=0.6, series_resistance=0
)


def magnet() -> llg.Macrospin:
    return llg.Macrospin(
        junction=JUNCTION,
        m_s=1e6,
        side=30e-9,
        thickness=1e-9,
        alpha=0.02,
        k_u=8e5,
    )


class Film(eqx.Module):
    """A square lattice of one-spin grains with all their dipoles; no exchange."""

    number: int = eqx.field(static=True, default=8)

    def system(self, grains: Any) -> llg.System:
        n, edge = self.number**2, 10e-9
        x, y = jnp.meshgrid(*(jnp.arange(self.number) * edge,) * 2)
        centre = jnp.stack([x.reshape(-1), y.reshape(-1), jnp.zeros(n)], 1)
        edges = jnp.tile(jnp.array([0.9 * edge, 0.9 * edge, 2e-9]), (n, 1))
        volume, m_s = jnp.prod(edges, 1), jnp.full(n, 5e5)
        axis = jnp.zeros((n, 3)).at[:, 2].set(1.0)
        local: dict[str, Any] = dict(volume=volume, moment=m_s * volume, axis=axis)
        ones = jnp.ones(n)
        return llg.System(
            terms=(
                llg.Uniaxial(k_u=6e5 * ones, **local),
                llg.Demagnetisation.of_prisms(centre, edges, m_s),
            ),
            circuit=llg.Circuit(*(jnp.asarray(v) for v in (1e-3, 1.0, 0.5, 0.0))),
            moment=m_s * volume,
            alpha=0.02 * ones,
            torque=0.01 * ones,
            weight=ones / n,
            polariser=axis[0],
            temperature=300.0,
        )

    def check(self, grains: Any) -> None:
        """Any draw will do."""


def sweep(device, steps, trials, executor, k_u=None, **kwargs) -> Any:
    if k_u is not None:
        where = lambda d: (d.k_u, d.alpha, d.m_s, d.thickness)
        device = eqx.tree_at(where, device, tuple(k_u))
    grid = llg.TimeGrid(dt=1e-13, steps=steps)
    pulses = llg.Pulses.product(voltage=0.3, width=(steps - 1) * 1e-13)
    return llg.sweep(
        device,
        magnet().samples(1),
        pulses,
        grid,
        observe=llg.Level(),
        key=jr.key(0),
        trials=trials,
        executor=executor,
        **kwargs,
    ).mean[0]


def limit() -> Any:
    """The C kernel."""
    source = pathlib.Path(__file__).with_name("llg_limit.c")
    library = pathlib.Path(tempfile.mkdtemp()) / "limit.so"
    flags = "-O3 -march=native -mprefer-vector-width=512 -ffast-math -shared -fPIC".split()
    subprocess.run(["gcc", *flags, source, "-o", library, "-lm"], check=True)
    kernel = ctypes.CDLL(str(library))
    kernel.macrospins.restype = kernel.coupled.restype = ctypes.c_double
    return kernel


def peer(steps: int) -> None:
    """One junction of cmtj, Heun, with everything that the sweep has."""
    cmtj: Any = importlib.import_module("cmtj")
    vector = cmtj.CVector
    demagnetisation = [vector(0.02, 0, 0), vector(0, 0.02, 0), vector(0, 0, 0.96)]
    layer = cmtj.Layer.createSTTLayer(
        "free", vector(0.1, 0, 0.995), vector(0, 0, 1), 1.2, 1.5e-9, 3e-15, demagnetisation,
        0.01, 1.0, 0.0, 0.6,
    )  # fmt: skip
    layer.setReferenceLayer(vector(0, 0, 1))
    junction = cmtj.Junction([layer])
    junction.setLayerAnisotropyDriver("all", cmtj.constantDriver(900e3))
    junction.setLayerTemperatureDriver("all", cmtj.constantDriver(300.0))
    junction.setLayerCurrentDriver("all", cmtj.constantDriver(1e9))
    end = steps * 1e-12
    junction.runSimulation(end, 1e-12, end, False, False, cmtj.SolverMode.Heun)


def jobs(executor) -> dict[str, tuple[int, Any]]:
    """What is timed, with the number of spin-steps of each."""
    kernel = limit()
    matrix = np.zeros((3 * GRAINS, 3 * GRAINS), np.float32)
    matrix[2 * GRAINS :, 2 * GRAINS :] = np.eye(GRAINS)
    pointer = matrix.ctypes.data_as(ctypes.c_void_p)
    device, film, few = magnet(), Film(), SPINS // 4
    values = jnp.stack([device.k_u, device.alpha, device.m_s, device.thickness])

    def slope(gradient):
        f = lambda v: sweep(device, STEPS, few, executor, v, gradient=gradient)
        return lambda: jax.block_until_ready(jax.value_and_grad(f)(values))

    def slopes():
        f = lambda d: sweep(d, STEPS, few, executor, gradient=llg.Pathwise())
        return jax.block_until_ready(eqx.filter_value_and_grad(f)(device))

    return {
        "C, macrospins": (SPINS * STEPS, lambda: kernel.macrospins(SPINS, STEPS)),
        "sweep, macrospins": (SPINS * STEPS, lambda: sweep(device, STEPS, SPINS, executor)),
        "cmtj, Heun": (100_000, lambda: peer(100_000)),
        "value and gradient, Pathwise": (few * STEPS, slope(llg.Pathwise())),
        "value and gradient, Score": (few * STEPS, slope(llg.Score())),
        "value and all derivatives, Pathwise": (few * STEPS, slopes),
        "C, grains": (
            SAMPLES * GRAINS * GRAIN_STEPS // 4,
            lambda: kernel.coupled(SAMPLES // 4, GRAINS, GRAIN_STEPS, pointer),
        ),
        "sweep, grains": (
            SAMPLES * GRAINS * GRAIN_STEPS,
            lambda: sweep(film, GRAIN_STEPS, SAMPLES, executor),
        ),
    }


def rates(rounds: int) -> dict[str, np.ndarray]:
    """Million spin-steps per CPU second of each job and round; a failed job is left out."""
    with ThreadPoolExecutor(1) as executor:
        work, found = jobs(executor), {}
        for name, (_, run) in list(work.items()):
            try:
                run()
                found[name] = []
            except Exception as reason:
                print(f"{name} is not here: {reason!r}")
        for _ in range(rounds):
            for name in found:
                number, run = work[name]
                start = time.process_time()
                run()
                found[name].append(number / (time.process_time() - start) / 1e6)
    return {name: np.array(values) for name, values in found.items()}


def memory() -> None:
    """Temporary memory of a compiled block: of values, of tangents and of the adjoint."""
    seen = []
    inner = _groups._call

    def call(kernel, mine, common, each, static):
        function = _groups.compiled(kernel, tuple(static), jax.default_backend())
        group = _groups.filled(each)
        lowered = function.lower(mine, common, *group, **static).compile()
        size = lowered.memory_analysis().temp_size_in_bytes / 2**20
        seen.append((kernel.__name__, size))
        return inner(kernel, mine, common, each, static)

    _groups._call = call
    try:
        for steps in (200, 800, 3200):
            for gradient in (llg.Pathwise(), llg.Score()):
                seen.clear()
                f = lambda v, g=gradient, s=steps: sweep(
                    magnet(), s, 1024, None, v, gradient=g
                )
                jax.grad(f)(jnp.array([8e5, 0.02, 1e6, 1e-9]))
                f = lambda d, g=gradient, s=steps: sweep(d, s, 1024, None, gradient=g)
                eqx.filter_grad(f)(magnet())
                sizes = ", ".join(f"{name} {size:.2f}" for name, size in dict(seen).items())
                print(f"  {steps:5d} steps, {type(gradient).__name__:8s}: {sizes} MiB")
    finally:
        _groups._call = inner


def threads(rounds: int) -> None:
    """Wall time of one thread over that of two."""
    sweep(magnet(), STEPS, 4 * SPINS, None)  # compiles
    ratios = []
    for _ in range(rounds):
        times = []
        for number in (1, 2):
            with ThreadPoolExecutor(number) as executor:
                start = time.perf_counter()
                sweep(magnet(), STEPS, 4 * SPINS, executor)
                times.append(time.perf_counter() - start)
        ratios.append(times[0] / times[1])
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    print(f"  two threads: {np.median(ratios):.2f} times one ({spread}; goal 1.8)")


def main():
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", action="store_true")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity") and not options.threads:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    installed = {d.name for d in importlib.metadata.distributions()}
    peers = [p for p in ("jax", "equinox", "cmtj") if p in installed]
    versions = {p: importlib.metadata.version(p) for p in peers}
    print(f"mtjax {mtjax.__version__}, {versions}, {platform.platform()}")
    if options.threads:
        return threads(options.rounds)
    found = rates(options.rounds)
    for name, values in found.items():
        low, high = np.quantile(values, (0.25, 0.75))
        print(f"  {name:36s} {np.median(values):8.2f} M/s ({low:.2f} to {high:.2f})")
    goals = (
        ("sweep, macrospins", "cmtj, Heun", 18.0),
        ("sweep, macrospins", "C, macrospins", 0.15),
        ("sweep, grains", "C, grains", 0.4),
        ("value and gradient, Pathwise", "sweep, macrospins", 1 / 5),
        ("value and gradient, Score", "sweep, macrospins", 1 / 5),
        ("value and all derivatives, Pathwise", "sweep, macrospins", 1 / 5),
    )
    for a, b, goal in goals:
        if a in found and b in found:
            low, ratio, high = np.quantile(found[a] / found[b], (0.25, 0.5, 0.75))
            mark = "reached" if ratio >= goal else "not reached"
            spread = f"{ratio:.3g} ({low:.3g} to {high:.3g})"
            print(f"  {a} / {b}: {spread} (goal {goal:.2g}, {mark})")
    print("memory of a block:")
    memory()


if __name__ == "__main__":
    main()
