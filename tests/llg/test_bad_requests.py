"""What cannot be asked for is refused in one sentence before any work."""

from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import jaxtyping
import numpy as np
import pytest

import mtjax.llg as llg
from mtjax import data


llg_: Any = llg  # what a type checker would refuse, too
CARD: Any = llg.presets.stt_mram()
SAMPLES = CARD.samples(1)
SAMPLE = jax.tree.map(lambda x: x[0], SAMPLES)
GRID = llg.TimeGrid(dt=5e-13, steps=30)
PULSE = llg.Pulse(voltage=0.4, width=1e-11)


@pytest.fixture(autouse=True)
def as_a_user(monkeypatch):
    """Annotations are checked in tests only; the refusals are for everyone."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.fixture(scope="module")
def system() -> Any:
    return CARD.system(SAMPLE)


def sweep(**how) -> Any:
    pulses = dict(voltage=0.4, width=1e-11)
    pulses |= {name: how.pop(name) for name in ("voltage", "rise", "fall") if name in how}
    given: dict[str, Any] = dict(
        device=CARD,
        microstructures=SAMPLES,
        pulses=llg.Pulses.product(**pulses),
        grid=GRID,
        observe=llg.Level(),
        key=jr.key(0),
        trials=4,
    )
    return llg.sweep(**given | how)


@pytest.mark.parametrize(
    "how, match",
    [
        (dict(microstructures=SAMPLE), r"draws of shape \(device, grains\), got .*\(1,\)"),
        (dict(microstructures=CARD), "`microstructures` must be draws.* type Macrospin"),
        (dict(pulses=PULSE), "`pulses` must be llg.Pulses, .* got one of type Pulse"),
        (dict(device=3), "`device` must be a device such as llg.Macrospin, .* got 3"),
        (dict(grid=30), "`grid` must be an llg.TimeGrid, got 30"),
        (dict(key=0), "`key` must be one JAX key, as jax.random.key.0., got 0"),
        (dict(key=jr.split(jr.key(0))), r"`key` must be one .* got keys of shape \(2,\)"),
        (dict(trials=10.5), "`trials` must be a whole number, an int, got 10.5"),
        (dict(trials="10"), "`trials` must be a whole number, an int, got '10'"),
        (dict(trials=True), "`trials` must be a whole number, an int, got True"),
        (dict(trials=0), "`trials` must be >= 1, got 0"),
        (dict(dtype=int), "`dtype` must be float32 or float64, got int64"),
        (dict(dtype=jnp.float16), "`dtype` must be float32 or float64, got float16"),
        (dict(dtype="fast"), "`dtype` must be float32 or float64, got fast"),
        (dict(dtype=None), "`dtype` must be float32 or float64, got None"),
        (dict(voltage=jnp.zeros(0)), "`voltage` must hold one value or more, got none"),
        (dict(voltage=[0.4, jnp.inf]), r"`voltage` must be finite \[V\], got inf"),
        (dict(executor=4), "`executor` must be a concurrent.futures.Executor, got 4"),
        (dict(progress=True), "`progress` must be a function, got True"),
        (dict(waveform="train"), "`waveform` must be a waveform .* got 'train'"),
        (dict(observe=()), r"`observe` must hold one observable or more, got \(\)"),
        (dict(rise=1.5e-11, fall=1e-11), "`rise` and `fall` must .* 2e-11 s .* 2.5e-11"),
        (
            dict(waveform=llg.Train(period=0.9e-11, count=2)),
            "`period` must be >= 1e-11 s, .* got 9e-12",
        ),
    ],
)
def test_a_sweep_of_that_is_refused(how, match):
    with pytest.raises(ValueError, match=match):
        sweep(**how)


def test_a_system_is_no_device(system):
    with pytest.raises(ValueError, match=r"`device` must be .* got one of type System"):
        sweep(device=system)


@pytest.mark.parametrize(
    "how, match",
    [
        (dict(system=CARD), "`system` must be a System, .* got one of type Macrospin"),
        (dict(pulse=llg.Pulses.product(voltage=1.0, width=1e-11)), "`pulse` must be an"),
        (dict(every=1.5), "`every` must be a whole number, an int, got 1.5"),
        (dict(every=0), "`every` must be from 1 to 30 steps, got 0"),
        (dict(trial=1.7), "`trial` must be a whole number, an int, got 1.7"),
        (dict(trial=-1), "`trial` must be >= 0, got -1"),
        (dict(trial=jnp.array(-1)), "`trial` must be >= 0, got -1"),
        (dict(integrator="Cayley"), "`integrator` must be an llg.Integrator, got 'Cay"),
        (dict(m0="parallel"), "`m0` must be an array or a State, got 'parallel'"),
        (dict(dtype=jnp.int32), "`dtype` must be float32 or float64, got int32"),
        (dict(pulse=llg.Pulse(voltage=jnp.inf, width=1e-11)), "`voltage` must be finite"),
        (
            dict(pulse=llg.Pulse(voltage=1e4, width=1e-11)),
            "`voltage` must keep the junction at or below its breakdown",
        ),
    ],
)
def test_a_trajectory_of_that_is_refused(how, match, system):
    given: dict[str, Any] = dict(
        system=system, pulse=PULSE, grid=GRID, m0=data.State.PARALLEL, key=jr.key(0)
    )
    with pytest.raises(ValueError, match=match):
        llg.trajectory(**given | how)


def test_the_heights_of_a_waveform_count_for_breakdown(system):
    high = llg_.Sampled(values=[0.0, 1e5, 0.0])
    pulse = llg.Pulse(voltage=0.1, width=1e-11, waveform=high)
    with pytest.raises(ValueError, match="`voltage` must keep the junction"):
        llg.trajectory(system, pulse, GRID, data.State.PARALLEL, key=jr.key(0))


@pytest.mark.parametrize(
    "make, match",
    [
        (lambda: llg_.Train(period=1e-9, count=1.5), "`count` must be a whole .* got 1.5"),
        (lambda: llg_.TimeGrid(dt=1e-12, steps=1e3), "`steps` must be a whole .* 1000.0"),
        (lambda: llg.TimeGrid(dt=1e-12, steps=9, settle=-1), "`settle` must be >= 0"),
        (lambda: llg.Level(bins=-3), "`bins` must be >= 1, got -3"),
        (lambda: llg.Level(bins=0), "`bins` must be >= 1, got 0"),
        (lambda: llg.Pulse(voltage=1.0, width=1e-9, rise=3e-9), "`rise` and `fall` must"),
        (
            lambda: llg.Pulse(
                voltage=1.0, width=1e-9, waveform=llg.Train(period=0.5e-9, count=3)
            ),
            "`period` must be >= 1e-09 s, .* got 5e-10",
        ),
        (lambda: llg.microstructures(CARD, 2, key=jr.key(0)), "type Macrospin; a device"),
        (lambda: CARD.samples(1.5), "`number` must be a whole number, an int, got 1.5"),
    ],
)
def test_that_is_not_made(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_edges_that_just_meet_and_trains_without_pause_are_pulses():
    llg.Pulse(voltage=1.0, width=1e-9, rise=2e-9)
    llg.Pulse(voltage=1.0, width=1e-9, waveform=llg.Train(period=1e-9, count=3))
    llg.Pulse(voltage=1.0, width=1e-9, waveform=llg.Train(period=1e-10, count=1))


UP = jnp.array([[0.0, 0.0, 1.0]])


@pytest.mark.parametrize(
    "how, match",
    [
        (dict(times=[2e-12, 1e-12]), "`times` must rise from 0 or later, .*2"),
        (dict(times=[-1e-12, 1e-12]), "`times` must rise from 0 or later, .*e-12"),
        (dict(times=[0.0]), "`times` must rise from 0 or later, .* and end after 0"),
        (dict(times=[]), r"`times` must be one or more, .* got shape \(0,\)"),
        (dict(tolerance=0.0), "`tolerance` must be > 0 and < 1, got 0"),
        (dict(tolerance=-1e-6), "`tolerance` must be > 0 and < 1, got -1e-06"),
        (dict(system=CARD), "`system` must be a System, .* got one of type Macrospin"),
        (dict(pulse=0.4), "`pulse` must be an llg.Pulse or None, got 0.4"),
    ],
)
def test_an_adaptive_path_of_that_is_refused(how, match, system):
    given: dict[str, Any] = dict(system=system, m0=UP, times=[1e-12])
    with pytest.raises(ValueError, match=match):
        llg.deterministic(**given | how)


@pytest.mark.parametrize(
    "function, m, match",
    [
        (llg.thermometer, jnp.zeros((0, 1, 3)), r"`m` must have shape \(samples, 1, 3\)"),
        (llg.thermometer, jnp.ones((4, 2, 3)), r"shape \(samples, 1, 3\) .*\(4, 2, 3\)"),
        (llg.thermometer, UP, r"`m` must have shape \(samples, 1, 3\) .* got \(1, 3\)"),
        (llg.thermometer, 2 * UP[None], "`m` must hold unit vectors, got norm 2"),
        (llg.nucleation_field, 2 * UP, "`m` must hold unit vectors, got norm 2"),
        (
            lambda system, m: llg.loop(system, jnp.zeros(1), UP[0], m),
            2 * UP,
            "`m` must hold unit vectors, got norm 2",
        ),
        (
            lambda system, m: llg.switching_field(system, -UP[0], m, largest=1.0),
            jnp.tile(UP, (2, 1)),
            r"`m` must have shape \(1, 3\), got \(2, 3\)",
        ),
        (
            lambda system, m: llg_.in_field(system, [0, 0, 2]),
            UP,
            "`direction` must be a unit vector, got norm 2",
        ),
    ],
)
def test_states_are_of_unit_vectors(function, m, match, system):
    with pytest.raises(ValueError, match=match):
        function(system, m)


LAYER: dict[str, Any] = dict(
    polarisation=0.6,
    asymmetry=1.5,
    field_like=0.0,
    m_s=jnp.array([1e6]),
    thickness=1e-9,
    area=1e-15,
    direction=UP[0],
)


@pytest.mark.parametrize(
    "make",
    [
        llg.slonczewski,
        lambda **layer: llg.from_code(llg.Code.OOMMF, alpha=jnp.array([0.01]), **layer),
    ],
)
@pytest.mark.parametrize(
    "wrong, match",
    [
        (dict(asymmetry=0.0), r"`asymmetry` must be > 0 \[1\], got 0"),
        (dict(asymmetry=-1.0), r"`asymmetry` must be > 0 \[1\], got -1"),
        (dict(thickness=-1e-9), r"`thickness` must be > 0 \[m\], got -1e-09"),
        (dict(area=0.0), r"`area` must be > 0 \[m\^2\], got 0"),
        (dict(m_s=jnp.array([0.0])), r"`m_s` must be > 0 \[A/m\], got 0"),
        (dict(polarisation=5), "`polarisation` must be from -1 to 1, got 5"),
        (dict(direction=2 * UP[0]), "`direction` must be a unit vector, got norm 2"),
    ],
)
def test_layers_that_there_are_not(make, wrong, match):
    with pytest.raises(ValueError, match=match):
        make(**LAYER | wrong)


def test_a_code_is_no_word():
    with pytest.raises(ValueError, match=r"`code` must be an llg.Code .* got 'OOMMF'"):
        llg_.from_code("OOMMF", alpha=np.array([0.01]), **LAYER)


def test_layers_are_taken_under_jit():
    moved = jax.jit(lambda p: llg.slonczewski(**LAYER | dict(polarisation=p)).damping_like)
    assert moved(5.0) > 0
