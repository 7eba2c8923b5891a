"""Laws of the granular sweep: the same trials however they are run, and their gradient."""

import importlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.llg as llg
from mtjax import data

from .cards import small


_groups: Any = importlib.import_module("mtjax.llg._groups")
_simulate: Any = importlib.import_module("mtjax.llg._simulate")
_block: Any = importlib.import_module("mtjax.llg._block")
_sweep: Any = importlib.import_module("mtjax.llg._sweep")

DEVICE = small()
GRAINS = llg.microstructures(DEVICE, 2, key=jr.key(0))
PULSES = llg.Pulses.product(
    voltage=jnp.array([0.7, 1.0]), width=jnp.array([1.034e-11, 2.1e-11])
)
LEVEL: Any = llg.Level()
GRID = llg.TimeGrid(dt=1e-13, steps=250)


def run(device=DEVICE, pulses=PULSES, observe=LEVEL, trials=5, grid=GRID, **kwargs) -> Any:
    return llg.sweep(
        device,
        GRAINS,
        pulses,
        grid,
        observe=observe,
        key=jr.key(1),
        trials=trials,
        **kwargs,
    )


class Trials(llg.AbstractObservable):
    """Keeps every trial."""

    smooth: ClassVar[bool] = True

    def collect(self, level, score, circuit, pulses, start):
        return level


def test_trial_k_is_the_same_for_any_number_of_trials_and_threads():
    few = run(observe=Trials(), trials=3)
    with ThreadPoolExecutor(1) as executor:
        many = run(observe=Trials(), trials=700, executor=executor)
    np.testing.assert_array_equal(few, many[..., :3])
    np.testing.assert_array_equal(many, run(observe=Trials(), trials=700))


@pytest.mark.parametrize("gradient", [None, llg.Pathwise()])
def test_groups_of_any_size_give_the_same_bits(monkeypatch, gradient):
    trials = lambda device: run(device, observe=Trials(), trials=700, gradient=gradient)
    slope = jax.grad(lambda alpha: jnp.mean(trials(with_alpha(alpha))))
    with_alpha = lambda a: eqx.tree_at(lambda d: d.soft.alpha, DEVICE, a)
    found = trials(DEVICE) if gradient is None else slope(jnp.asarray(0.02))
    alone = lambda devices, blocks: (
        (device, slice(i, i + 1)) for device in range(devices) for i in range(blocks)
    )
    monkeypatch.setattr(_groups, "groups", alone)
    again = trials(DEVICE) if gradient is None else slope(jnp.asarray(0.02))
    np.testing.assert_array_equal(found, again)


@pytest.mark.parametrize("devices, blocks", [(1, 1), (1, 300), (3, 40), (500, 1)])
def test_every_block_is_in_one_group(devices, blocks):
    parts = list(_groups.groups(devices, blocks))
    inside = [(d, i) for d, part in parts for i in range(part.start, part.stop)]
    assert inside == list(np.ndindex(devices, blocks))
    sizes = [part.stop - part.start for _, part in parts]
    assert max(sizes) <= _groups._LARGEST
    assert sizes[-1] == 1


def test_jit_gives_the_same_levels():
    eager = run(trials=3)
    jitted = eqx.filter_jit(lambda device: run(device, trials=3))(DEVICE)
    np.testing.assert_allclose(jitted.mean, eager.mean, rtol=1e-5)


def test_jit_gives_the_same_derivative_of_a_single_spin():
    """Its blocks are smaller in the backward pass."""
    card = llg.presets.stt_mram()
    grid = llg.TimeGrid(dt=5e-13, steps=20)

    def level(volts):
        pulses = llg.Pulses.product(voltage=volts[None], width=5e-12)
        key, gradient = jr.key(0), llg.Pathwise()
        how: dict[str, Any] = dict(observe=llg.Level(), key=key, gradient=gradient)
        found = llg.sweep(card, card.samples(1), pulses, grid, trials=300, **how)
        return found.mean[0, 0]

    eager, jitted = (
        f(jnp.asarray(0.4)) for f in (jax.grad(level), jax.jit(jax.grad(level)))
    )
    np.testing.assert_allclose(jitted, eager, rtol=1e-4)


def test_levels_and_counts_come_from_the_same_trials():
    levels, switching = run(observe=(llg.Level(), llg.Switched()))
    assert levels.mean.shape == (2, 2, 2)
    np.testing.assert_array_equal(jnp.sum(levels.histogram, -1), 5)
    np.testing.assert_array_equal(levels.trials, 5)
    lower = jnp.sum(levels.histogram[..., :32], -1)
    np.testing.assert_array_equal(switching.switched, lower)
    assert jnp.all(levels.parallel > levels.antiparallel)


def test_one_compilation_for_all_values_of_device_and_pulses():
    static = ("settle", "watch")
    forward = _groups.compiled(_simulate.forward_block, static, "cpu")
    run(trials=3)
    before = forward._cache_size()
    other = eqx.tree_at(lambda d: d.soft.alpha, DEVICE, jnp.asarray(0.01))
    run(other, eqx.tree_at(lambda p: p.voltage, PULSES, jnp.array([0.3, 0.4])), trials=7)
    assert forward._cache_size() == before


def test_temperature_is_an_axis():
    """A grid of devices is one sweep: the first as alone, the hottest spread the most."""
    kelvin: Any = data.product(DEVICE, {"temperature": [100.0, 300.0]})
    still = llg.Pulses.product(voltage=0.0, width=jnp.array([2e-11]))
    both = run(kelvin, still, trials=16).variance[:, 0]
    assert both.shape == (4,)
    cold = run(kelvin[(0,)], still, trials=16).variance[:, 0]
    np.testing.assert_array_equal(both[:2], cold)
    assert jnp.sum(both[2:]) > 2 * jnp.sum(both[:2])


def test_switching_times_are_censored_at_the_end_of_the_pulse():
    """Rows in the order of the trials; who switched late is past the equator, or back."""
    switching, times = run(
        eqx.tree_at(
            lambda d: (d.junction.resistance_area, d.junction.series_resistance),
            DEVICE,
            (jnp.asarray(3e-14), jnp.asarray(0.0)),
        ),
        observe=(llg.Switched(), llg.SwitchingTime()),
        trials=40,
    )
    assert times.time.shape == (2 * 2 * 2 * 40,)
    rows = lambda x: x.reshape(2, 2, 2, 40)
    end = jnp.broadcast_to(PULSES.width[None, None, :, None], (2, 2, 2, 40))
    switched = rows(times.switched) == 1
    np.testing.assert_array_equal(rows(times.time)[~switched], end[~switched])
    assert jnp.all(rows(times.time)[switched] <= end[switched])
    count = jnp.sum(switched, -1)
    assert jnp.all(count + 1 >= switching.switched)  # one may cross in the last step
    assert jnp.any(switching.switched > 0)
    np.testing.assert_array_equal(rows(times.voltage)[0, :, 0, 0], PULSES.voltage)


def test_progress_counts_blocks():
    calls = []
    run(trials=3, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 2), (2, 2)]


@pytest.mark.parametrize("start", tuple(llg.State))
def test_nothing_happens_without_voltage(start):
    pulses = llg.Pulses.product(voltage=jnp.array([0.0]), width=jnp.array([1e-11]))
    levels = run(pulses=pulses, start=start)
    end = levels.parallel if start is llg.State.PARALLEL else levels.antiparallel
    window = levels.parallel - levels.antiparallel
    assert jnp.all(jnp.abs(levels.mean[:, 0, 0] - end) < 0.2 * window)


def _loss(parameters):
    device, pulses = parameters
    levels = run(device, pulses, dtype=jnp.float64, gradient=llg.Pathwise())
    w = jr.normal(jr.key(5), (2, *levels.mean.shape))
    return jnp.sum(w[0] * levels.mean + 10 * w[1] * jnp.sqrt(levels.variance)) * 1e4


@pytest.mark.slow
def test_pathwise_gradient_equals_the_difference_quotient():
    parameters = (DEVICE, PULSES)
    gradient = jax.tree.leaves(eqx.filter_grad(_loss)(parameters))
    leaves, structure = jax.tree.flatten(parameters)
    # An edge of zero duration has a one-sided derivative only: leave out rise and fall.
    for i, (leaf, slope) in enumerate(zip(leaves[:-2], gradient[:-2], strict=True)):
        h = 1e-5 * np.zeros(leaf.shape)
        h.flat[0] = 1e-5 * np.asarray(leaf).flat[0]
        at = lambda s, i=i, leaf=leaf, h=h: _loss(
            jax.tree.unflatten(structure, [*leaves[:i], leaf + s * h, *leaves[i + 1 :]])
        )
        quotient = (at(1.0) - at(-1.0)) / 2
        np.testing.assert_allclose(
            np.sum(slope * h), quotient, rtol=1e-4, atol=1e-10, err_msg=str(i)
        )


def test_without_an_estimator_a_derivative_is_refused():
    with pytest.raises(ValueError, match="a derivative that it does not have"):
        jax.grad(lambda v: jnp.sum(run(pulses=eqx.tree_at(_voltage, PULSES, v)).mean))(
            PULSES.voltage
        )


def _voltage(pulses):
    return pulses.voltage


@pytest.mark.parametrize(
    "change, sentence",
    (
        (
            dict(observe=llg.Switched(), gradient=llg.Pathwise()),
            "`gradient` must be llg.Score",
        ),
        (
            dict(observe=llg.SwitchingTime(), gradient=llg.Score()),
            "`gradient` must be None for SwitchingTime",
        ),
        (dict(trials=0), "`trials` must be >= 1, got 0"),
        (dict(grid=llg.TimeGrid(dt=1e-13, steps=100)), "`steps` must be >= 210"),
        (dict(grid=llg.TimeGrid(dt=1e-12, steps=100)), "`dt` must be <= .* stiffest"),
        (dict(grid=llg.TimeGrid(dt=1e-13, steps=2**31)), "`steps` must be < "),
        (dict(device=small(9)), "`microstructures` must have 9 grains"),
    ),
)
def test_what_cannot_work_is_refused_in_a_sentence(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        run(**change)


def _types(jaxpr):
    for equation in jaxpr.eqns:
        for variable in (*equation.invars, *equation.outvars):
            if variable.aval.shape:  # a Python number is a float64 scalar, folded away
                yield variable.aval.dtype
        for value in equation.params.values():
            for sub in jax.tree.leaves(
                value, is_leaf=lambda x: hasattr(x, "eqns") or hasattr(x, "jaxpr")
            ):
                inner = getattr(sub, "jaxpr", sub)
                if hasattr(inner, "eqns"):
                    yield from _types(inner)


def test_float32_kernel_has_no_float64():
    systems, _, _ = _sweep._prepare(DEVICE, GRAINS, GRID.dt, llg.State.PARALLEL)
    system = jax.tree.map(lambda x: jnp.asarray(x[0], jnp.float32), systems)
    one = jnp.ones(16, jnp.float32)
    word = jnp.ones(16, jnp.uint32)
    samples = _block.Samples(one, one, one, one, one, jnp.stack([word, word]), word)
    jaxpr = jax.make_jaxpr(lambda *a: _block.cosines(*a, 0))(system, samples)
    types = {str(t) for t in _types(jaxpr.jaxpr)}
    assert "float32" in types
    assert not types & {"float64", "complex128"}
