from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

from ..data import check_quantities, Product, Pulses, State
from ._assemble import assemble, Assembled
from ._checks import (
    check_breakdown,
    check_counters,
    check_device,
    check_driven,
    check_energy,
    check_request,
    check_rotation,
    check_stiffness,
    check_waveform,
    concrete,
)
from ._derivative import differentiable
from ._grid import TimeGrid
from ._integrator import Integrator
from ._microstructure import Microstructure
from ._observables import AbstractObservable, Watch
from ._pathwise import Pathwise
from ._refusal import not_differentiated, without_derivative
from ._requests import check_how, check_sweep, peak
from ._score import Score
from ._simulate import Plan, simulate
from ._system import check_shares
from ._waveform import AbstractWaveform


# A block's state and matrix should fit in the second-level cache of a core.
_SPINS_OF_A_BLOCK = 8192


def sweep(
    device: Any,
    microstructures: Microstructure,
    pulses: Pulses,
    grid: TimeGrid,
    *,
    observe: AbstractObservable | tuple[AbstractObservable, ...],
    key: Array,
    trials: int,
    dtype: Any = jnp.float32,
    gradient: Pathwise | Score | None = None,
    executor: Executor | None = None,
    start: State = State.PARALLEL,
    progress: Callable[[int, int], Any] | None = None,
    waveform: AbstractWaveform | None = None,
    integrator: Integrator = Integrator.HEUN,
) -> Any:
    """Repeats every pulse on every microstructure and collects statistics.

    Each trial starts from the thermal equilibrium of `start` (linearised, then
    `grid.settle` steps), gets one pulse, and is observed at its end. Its noise depends
    on `key`, the microstructure, the pulse and the number of the trial only: trial k is
    the same whatever the number of trials, threads or blocks.

    Called eagerly, blocks of samples go to `executor` (by default one thread per core);
    under `jax.jit` they run one after the other. One compilation serves all values.

    **Arguments:**

    - `device`: What `.system(microstructure)` turns into a `System`, or a grid of such
        from `data.product`, say over temperature. The device axis of what is returned
        then runs over the grid and, fastest, over the draws.
    - `microstructures`: Draws with a leading device axis, from `llg.microstructures`.
    - `pulses`: The pulses; the longest must end within `grid`.
    - `observe`: `llg.Level()`, `llg.Switched()`, or a tuple, served by the same trials.
    - `key`: A JAX key.
    - `trials`: Repetitions of each pulse on each device.
    - `dtype`: Floating type of the time loop.
    - `gradient`: `llg.Pathwise()` or `llg.Score()` makes smooth statistics differentiable
        with respect to device and pulses, `llg.Score()` counts too; without it,
        differentiating is refused.
    - `executor`: Any `concurrent.futures.Executor`.
    - `waveform`: Makes a train or a sampled waveform of each pulse, see `llg.Train` and
        `llg.Sampled`; it is observed at the end of the last, or after an `llg.Rest`.
    - `integrator`: How a step is taken.
    - `progress`: Called with the numbers of blocks done and in total.

    **Returns:** `data.Levels`, `data.Switching`, or a tuple of them.
    """
    observables = observe if isinstance(observe, tuple) else (observe,)
    check_sweep(device, microstructures, pulses, grid, key, trials, dtype)
    check_how(observables, executor, progress, waveform)
    not_differentiated(grid.dt)
    end = pulses.mesh("width") + (pulses.mesh("rise") + pulses.mesh("fall")) / 2
    if waveform is not None:
        end = end + waveform.extra()
    devices = (
        [device[p] for p in device.points()] if isinstance(device, Product) else [device]
    )
    for each in devices:
        check_device(each, microstructures, pulses, waveform)
    check_request(end, grid, observables, trials, gradient, start, integrator)
    scored = isinstance(gradient, Score)
    counted = scored and not all(observable.smooth for observable in observables)
    check_waveform(waveform, observables, counted=counted)
    prepared = [
        _prepare(each, microstructures, grid.dt, start, waveform, integrator)
        for each in devices
    ]
    systems, bare, stiffest = jax.tree.map(lambda *x: jnp.concatenate(x), *prepared)
    circuits = bare.circuit
    check_quantities(bare)
    check_shares(bare)
    check_breakdown(circuits, pulses, waveform)
    check_energy(systems, observables)
    check_stiffness(stiffest, grid)
    largest = jnp.max(jnp.abs(pulses.voltage)) * peak(waveform)
    check_driven(systems, stiffest, largest, grid)
    check_rotation(systems)
    if isinstance(gradient, Score) and concrete(jnp.min(systems.noise)) == 0:
        raise ValueError(
            "`gradient` must be None or Pathwise for spins without thermal noise (`alpha` "
            "or `temperature` is 0), got Score."
        )
    spins = systems.alpha.shape[1]
    check_counters(grid, spins, trials)
    cast = lambda tree: jax.tree.map(lambda x: jnp.asarray(x, dtype), tree)
    points = cast(_points(pulses, end, grid, stretch=counted))
    plan = Plan(
        steps=grid.steps,
        settle=grid.settle,
        trials=trials,
        block=_block_size(spins),
        watched=any(o.watches is not Watch.LEVEL for o in observables),
        scored=scored,
        axial=scored and _axial(systems),
        executor=executor,
        progress=progress,
    )
    number = len(devices) * microstructures.number
    keys = _key_words(key, number, points["end"].shape[0])
    wide = partial(jax.tree.map, lambda x: x.astype(jnp.result_type(float)))
    prepare = eqx.Partial(_systems, grid.dt, start, integrator, dtype)
    moved = (tuple(devices), (microstructures, waveform), points)
    relaxation = gradient.relaxation * grid.dt if isinstance(gradient, Score) else None
    held = lax.stop_gradient((cast(systems), keys, cast(relaxation)))
    if gradient is None:
        found = simulate(plan, held[0], lax.stop_gradient(points), held[1])
        found = without_derivative(moved, found)
    else:
        found = differentiable(moved, plan, prepare, *held)
    cosine, score, when, power = wide(found)
    score = score if scored else None
    kept = {Watch.LEVEL: (1 + cosine) / 2}
    if when is not None:
        # The sign has changed between two steps.
        kept |= {Watch.TIME: jnp.maximum(when - 0.5, 0.5) * grid.dt}
        kept |= {Watch.ENERGY: power * grid.dt}
    results = tuple(
        o.collect(kept[o.watches], score, circuits, pulses, start) for o in observables
    )
    if gradient is None:
        refused = lambda r: without_derivative(moved, lax.stop_gradient(r))
        results = tuple(
            r if o.smooth else refused(r) for o, r in zip(observables, results, strict=True)
        )
    return results if isinstance(observe, tuple) else results[0]


def _points(
    pulses: Pulses, end: Array, grid: TimeGrid, *, stretch: bool
) -> dict[str, Array]:
    """All pulses in steps, shape `(points,)`.

    A longer pulse ends later, or, with `stretch`, has longer steps: a derivative that a
    count has, too.
    """
    factor = end / lax.stop_gradient(end) if stretch else jnp.ones_like(end)
    dt = grid.dt * factor
    in_steps = {"rise": pulses.mesh("rise") / dt, "fall": pulses.mesh("fall") / dt}
    in_steps |= {"end": end / dt, "stretch": factor, "voltage": pulses.mesh("voltage")}
    return {name: value.reshape(-1) for name, value in in_steps.items()}


def _axial(systems: Assembled) -> bool:
    """Whether these are single spins and nothing distinguishes their azimuth, for sure."""
    many = systems.alpha.shape[1] > 1
    matrix, bias, p = (
        concrete(x) for x in (systems.matrix, systems.bias, systems.polariser)
    )
    if many or systems.rest or systems.drives:
        return False
    if matrix is None or bias is None or p is None:
        return False
    along = p[:, :, None] * p[:, None]
    across = np.eye(3) - along
    length = np.einsum("dij,dij->d", matrix, along)[:, None, None]
    width = np.einsum("dij,dij->d", matrix, across)[:, None, None] / 2
    left = np.abs(matrix - length * along - width * across).max(initial=0)
    left = max(left, np.abs(np.einsum("dij,dj->di", across, bias)).max(initial=0))
    return bool(left <= 1e-9 * (np.abs(matrix).max() + np.abs(bias).max()))


def _block_size(spins: int) -> int:
    """Samples of a block: a power of two that depends on nothing but the system.

    Numbers of trials are often powers of two or multiples: their blocks then hold pulses
    of one width, and stop when it ends.
    """
    power = (_SPINS_OF_A_BLOCK // spins).bit_length() - 1
    return 2 ** max(4, min(10, power))


@eqx.filter_jit
def _prepare(device, microstructures, dt, start, waveform=None, integrator=Integrator.HEUN):
    def one(grains):
        system = device.system(grains)
        assembled, stiffest = assemble(system, dt, start, waveform, integrator)
        # Its quantities can be checked where their values are known.
        bare = eqx.tree_at(lambda s: (s.terms, s.drives), system, ((), ()))
        return assembled, bare, stiffest

    return lax.map(one, microstructures)


def _systems(dt, start, integrator, dtype, device, rest):
    """The systems of a device, for all draws and in the type of the time loop."""
    microstructures, waveform = rest
    systems, _, _ = _prepare(device, microstructures, dt, start, waveform, integrator)
    return jax.tree.map(lambda x: jnp.asarray(x, dtype), systems)


@partial(jax.jit, static_argnums=(1, 2))
def _key_words(key, devices: int, points: int):
    """Two words for each device and pulse, whatever their numbers."""
    over_points = jax.vmap(jax.random.fold_in, (None, 0))
    words = lambda k: jax.random.bits(k, (2,), jnp.uint32)
    of_device = lambda d: jax.vmap(words)(
        over_points(jax.random.fold_in(key, d), jnp.arange(points))
    )
    return jax.vmap(of_device)(jnp.arange(devices))
