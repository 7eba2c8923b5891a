"""What cannot be asked for is refused in one sentence before any work."""

from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import jaxtyping
import pytest

import mtjax.llg as llg
from mtjax import data


llg_: Any = llg  # what a type checker would refuse, too
CARD: Any = llg.presets.stt_mram()
SAMPLES = CARD.samples(1)
SAMPLE = jax.tree.map(lambda x: x[0], SAMPLES)
GRID = llg.TimeGrid(dt=5e-13, steps=30)
UP = jnp.array([[0.0, 0.0, 1.0]])
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
        (dict(device=llg.Macrospin), "`device` must be .* got the class Macrospin"),
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


def test_the_closure_takes_pulses():
    device = llg.presets.granular_junction()
    draws = llg.microstructures(device, 1, key=jr.key(0))
    with pytest.raises(ValueError, match=r"`pulses` must be llg.Pulses, .* type Pulse"):
        llg_.granular_closure(device, draws, PULSE)


def test_a_system_is_no_device(system):
    with pytest.raises(ValueError, match=r"`device` must be .* got one of type System"):
        sweep(device=system)


@pytest.mark.parametrize(
    "how, match",
    [
        (dict(system=CARD), "`system` must be a System, .* got one of type Macrospin"),
        (dict(pulse=llg.Pulses.product(voltage=1.0, width=1e-11)), "`pulse` must be an"),
        (dict(pulse=llg.Pulse(voltage=UP[0], width=1e-11)), "`voltage` must be that of"),
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
        (lambda: llg.microstructures(CARD, 2, key=jr.key(0)), "got one of type Macrospin"),
        (
            lambda: llg_.microstructures(llg.presets.granular_junction(), 2, key=0),
            "`key` must be one JAX key, .* got 0",
        ),
        (
            lambda: llg_.Convention("away", 1.0, 1.0, fraction=False, cross_terms=True),
            "`turns` must be an llg.Turns, got 'away'",
        ),
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
