"""Forward mode, which serves a few parameters, and the adjoint: the same derivatives."""

import importlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.llg as llg
from mtjax import data


_derivative: Any = importlib.import_module("mtjax.llg._derivative")
_sweep: Any = importlib.import_module("mtjax.llg._sweep")

CARD: Any = llg.presets.stt_mram()
GRID = llg.TimeGrid(dt=5e-13, steps=40)
SCORE = llg.Score(relaxation=2e11)


def level(alpha, voltage, width, gradient, card=CARD) -> Any:
    card = eqx.tree_at(lambda d: d.alpha, card, alpha)
    found = llg.sweep(
        card,
        card.samples(2),
        llg.Pulses.product(voltage=voltage, width=width),
        GRID,
        observe=llg.Level(),
        key=jr.key(3),
        trials=40,
        dtype=jnp.float64,
        gradient=gradient,
    )
    return jnp.sum(found.mean * jnp.array([[1.0, 2.0], [3.0, 5.0]]))


VALUES = jnp.array(0.03), jnp.array([0.3, 0.5]), jnp.array(1.03e-11)


def slopes(gradient) -> Any:
    return jax.grad(lambda a, v, w: level(a, v, w, gradient), (0, 1, 2))(*VALUES)


@pytest.mark.parametrize("gradient", [llg.Pathwise(), SCORE])
def test_both_modes_give_the_same(gradient, monkeypatch):
    forward = slopes(gradient)
    monkeypatch.setattr(_derivative, "_FEW", 0)
    monkeypatch.setattr(_derivative, "_FEW_SCORED", 0)
    for one, other in zip(forward, slopes(gradient), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8)


def test_jit_gives_the_same_with_an_estimator_made_while_tracing(monkeypatch):
    """Where it cannot be known that nothing distinguishes the azimuth."""
    monkeypatch.setattr(_sweep, "_axial", lambda systems: False)
    f = jax.grad(lambda alpha: level(alpha, *VALUES[1:], llg.Score(relaxation=2e11)))
    np.testing.assert_allclose(jax.jit(f)(VALUES[0]), f(VALUES[0]), rtol=1e-8)


def test_forward_mode_is_taken_for_few_parameters_of_one_spin(monkeypatch):
    """And with every parameter of a device the adjoint."""
    asked = []
    inner = _derivative._adjoint
    monkeypatch.setattr(_derivative, "_adjoint", lambda *a: asked.append(1) or inner(*a))
    slopes(llg.Pathwise())
    assert not asked
    f = lambda card: level(*VALUES, llg.Pathwise(), card)
    eqx.filter_grad(f)(CARD)
    assert asked


def test_a_grid_of_devices_has_derivatives_of_its_own():
    """Of two damping constants, each moves its own device only."""
    grid: Any = lambda alpha: data.product(CARD, {"alpha": alpha})

    def mean(alpha, weight):
        found: Any = llg.sweep(
            grid(alpha),
            CARD.samples(1),
            llg.Pulses.product(voltage=0.5, width=1.03e-11),
            GRID,
            observe=llg.Level(),
            key=jr.key(3),
            trials=20,
            dtype=jnp.float64,
            gradient=llg.Pathwise(),
        )
        return jnp.sum(found.mean * weight)

    alpha = jnp.array([0.02, 0.04])
    rows = jnp.stack([jax.grad(mean)(alpha, w) for w in jnp.eye(2)])
    step = 1e-6
    exact = [
        (mean(alpha.at[i].add(step), w) - mean(alpha.at[i].add(-step), w)) / (2 * step)
        for i, w in enumerate(jnp.eye(2))
    ]
    np.testing.assert_allclose(rows, jnp.diag(jnp.array(exact)), rtol=1e-5, atol=1e-14)
