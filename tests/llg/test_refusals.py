"""Derivatives that there are not, and words where a choice is wanted, are refused."""

import importlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import pytest

import mtjax.llg as llg
from mtjax import data


_checks: Any = importlib.import_module("mtjax.llg._checks")
CARD: Any = llg.presets.stt_mram()
GRID = llg.TimeGrid(dt=5e-13, steps=30)


def run(alpha=None, observe: Any = None, voltage: Any = 0.4, grid=GRID, **how) -> Any:
    card = CARD if alpha is None else eqx.tree_at(lambda d: d.alpha, CARD, alpha)
    given: dict[str, Any] = dict(trials=4, key=jr.key(0), dtype=jnp.float64) | how
    pulses = llg.Pulses.product(voltage=voltage, width=1e-11)
    observe = llg.Level() if observe is None else observe
    return llg.sweep(card, CARD.samples(1), pulses, grid, observe=observe, **given)


@pytest.mark.parametrize(
    "observe, take",
    [
        (llg.Level(), lambda s: s.mean),
        (llg.Energy(), lambda s: s.mean),
        (llg.SwitchingTime(), lambda s: s.time),
    ],
)
def test_no_silent_zero(observe, take):
    with pytest.raises(ValueError, match="a derivative that it does not have"):
        jax.grad(lambda alpha: jnp.sum(take(run(alpha, observe))))(0.02)


def test_a_derivative_has_none():
    f = lambda alpha: run(alpha, gradient=llg.Pathwise()).mean[0]
    with pytest.raises(ValueError, match="first derivatives only"):
        jax.hessian(f)(jnp.array(0.02))


@pytest.mark.parametrize(
    "how, match",
    [
        (("start", "parallel"), "`start` must be a State, got 'parallel'"),
        (("gradient", "score"), "`gradient` must be an estimator or None, got 'score'"),
        (("integrator", "heun"), "`integrator` must be an llg.Integrator, got 'heun'"),
    ],
)
def test_words_are_refused(how, match):
    up, heun = data.State.PARALLEL, llg.Integrator.HEUN
    given = dict(gradient=None, start=up, integrator=heun) | dict([how])
    with pytest.raises(ValueError, match=match):
        _checks.check_request(jnp.ones(1), GRID, (llg.Level(),), 4, *given.values())


def test_the_energy_of_a_spin_orbit_line_is_not_that_of_the_junction():
    card = llg.presets.sot_mram()
    pulses = llg.Pulses.product(voltage=0.1, width=1e-11)
    how: dict[str, Any] = dict(observe=llg.Energy(), key=jr.key(0), trials=2)
    with pytest.raises(ValueError, match="spin-orbit"):
        llg.sweep(card, card.samples(1), pulses, llg.TimeGrid(dt=1e-13, steps=200), **how)


def test_the_time_step_is_no_parameter():
    grid = lambda dt: llg.TimeGrid(dt=dt, steps=30)
    with pytest.raises(ValueError, match="`dt` must not be differentiated"):
        jax.grad(lambda dt: run(grid=grid(dt), gradient=llg.Pathwise()).mean[0])(5e-13)


def test_an_adaptive_path_starts_from_unit_vectors():
    system = CARD.system(jax.tree.map(lambda x: x[0], CARD.samples(1)))
    with pytest.raises(ValueError, match="unit vectors, got norm 2"):
        llg.deterministic(system, jnp.array([[0.0, 0.0, 2.0]]), jnp.array([1e-12]))
    twice = jnp.array([[0.0, 0.0, 2.0]])
    for function in (llg.relax, llg.modes, lambda s, m: llg.barrier(s, -m / 2, m)):
        with pytest.raises(ValueError, match="unit vectors, got norm 2"):
            function(system, twice)


def test_the_closure_refuses_draws_of_another_device():
    device = llg.presets.granular_junction()
    draws = llg.microstructures(
        eqx.tree_at(lambda d: d.side, device, 30e-9), 1, key=jr.key(0)
    )
    with pytest.raises(ValueError, match="`microstructures` must have"):
        llg.granular_closure(device, draws, llg.Pulses.product(voltage=0.5, width=1e-9))


@pytest.mark.parametrize(
    "where, value, match",
    [
        (lambda d: d.alpha, -0.01, "`alpha` must be >= 0"),
        (lambda d: d.m_s, jnp.nan, "`m_s` must be > 0|`m_s` must be a number"),
        (lambda d: d.thickness, 0.0, "`thickness` must be > 0"),
        (lambda d: d.junction.resistance_area, -1e-12, "`resistance_area` must be > 0"),
    ],
)
def test_values_that_went_past_the_module_are_refused(where, value, match):
    """`eqx.tree_at` does not make the module anew."""
    card = eqx.tree_at(where, CARD, jnp.asarray(value))
    pulses = llg.Pulses.product(voltage=0.4, width=1e-11)
    how: dict[str, Any] = dict(observe=llg.Level(), key=jr.key(0), trials=4)
    with pytest.raises(ValueError, match=match):
        llg.sweep(card, CARD.samples(1), pulses, GRID, **how)
    with pytest.raises(ValueError, match=match):
        llg.fokker_planck(card, pulses)


def test_a_pulse_without_end_is_refused():
    pulses = llg.Pulses.product(voltage=0.4, width=jnp.inf)
    with pytest.raises(ValueError, match="`width` must be finite"):
        llg.sweep(
            CARD,
            CARD.samples(1),
            pulses,
            GRID,
            observe=llg.Level(),
            key=jr.key(0),
            trials=4,
        )


@pytest.mark.parametrize("solve", [llg.fokker_planck, llg.fokker_planck_sphere])
def test_grains_have_no_equation_of_one_spin(solve):
    pulses = llg.Pulses.product(voltage=0.4, width=1e-11)
    with pytest.raises(ValueError, match="got GranularJunction"):
        solve(llg.presets.granular_junction(), pulses)


class Own(eqx.Module):
    """A spin of numbers that no module has seen."""

    alpha: Any = 0.1
    moment: Any = 1e-18

    def system(self, grains: Any) -> llg.System:
        one, axis = jnp.ones(1), jnp.array([[0.0, 0.0, 1.0]])
        moment = self.moment * one
        energy = llg.Uniaxial(k_u=2e-19 * one, volume=one, moment=moment, axis=axis)
        return llg.System(
            terms=(energy,),
            circuit=llg.Circuit(*(jnp.asarray(v) for v in (1e-3, 1.0, 0.5, 0.0))),
            moment=moment,
            alpha=self.alpha * one,
            torque=0.01 * one,
            weight=one,
            polariser=axis[0],
            temperature=300.0,
        )

    def check(self, grains: Any) -> None:
        """Any draw will do."""


@pytest.mark.parametrize(
    "own, match",
    [
        (Own(alpha=-0.1), "`alpha` must be >= 0"),
        (Own(alpha=jnp.nan), "`alpha` must be >= 0"),
        (Own(moment=-1e-18), "`moment` must be > 0"),
        (Own(moment=0.0), "`moment` must be > 0"),
    ],
)
def test_numbers_of_an_own_system_are_refused(own, match):
    """It is made under `jit`, where its own checks see no value."""
    pulses = llg.Pulses.product(voltage=0.4, width=1e-11)
    how: dict[str, Any] = dict(observe=llg.Level(), key=jr.key(0), trials=4)
    with pytest.raises(ValueError, match=match):
        llg.sweep(own, CARD.samples(1), pulses, GRID, **how)
