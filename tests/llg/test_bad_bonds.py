"""Bonds that join nothing and prisms of no size are refused."""

from typing import Any

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

import mtjax.llg as llg


llg_: Any = llg  # what a type checker would refuse, too
FLAT = jnp.array([[1e-8, 1e-8, 0.0]])
CUBE, WHERE = jnp.full((1, 3), 1e-8), jnp.zeros((1, 3))


def exchange(bonds, strength: Any = 1e-20, kind=llg_.Exchange) -> Any:
    strength = jnp.full(len(bonds), strength) if np.ndim(strength) == 0 else strength
    return kind(bonds, strength=strength, moment=1e-18 * jnp.ones(4))


@pytest.mark.parametrize("kind", [llg_.Exchange, llg_.Biquadratic])
@pytest.mark.parametrize(
    "bonds, strength, match",
    [
        ([(0, 4)], 1e-20, "`bonds` must join spins from 0 to 3, got 4"),
        ([(-1, 0)], 1e-20, "`bonds` must join spins from 0 to 3, got -1"),
        ([(0, 1), (2, 2)], 1e-20, r"`bonds` must join two spins, got \(2, 2\)"),
        ([(0, 1), (0, 1)], 1e-20, r"each pair of spins once, got \(0, 1\) 2 times"),
        ([(0, 1), (1, 0)], 1e-20, r"each pair of spins once, got \(0, 1\) 2 times"),
        ([(0, 1), (1, 2)], [1e-20], r"`strength` must have shape \(2,\), .* got \(1,\)"),
        ([(0, 1)], jnp.ones((1, 3)), r"`strength` must have shape \(1,\), .*\(1, 3\)"),
        ([(0.0, 1.0)], 1e-20, "`bonds` must be whole numbers, got the type float64"),
        ([(0, 1, 2)], 1e-20, r"`bonds` must have shape \(bonds, 2\), got \(1, 3\)"),
        ([(0, 1), (2,)], 1e-20, r"`bonds` must be pairs of spins, .* got \[\(0, 1\), "),
    ],
)
def test_bonds_join_two_spins_once(kind, bonds, strength, match):
    with pytest.raises(ValueError, match=match):
        exchange(bonds, strength, kind)


def test_one_strength_for_all_bonds_is_refused():
    with pytest.raises(ValueError, match=r"`strength` must have shape \(1,\).*got \(\)"):
        llg_.Exchange([(0, 1)], strength=1e-20, moment=jnp.ones(2))


def test_bonds_of_vectors():
    with pytest.raises(ValueError, match=r"`strength` must have shape \(1, 3\), .*\(1,\)"):
        exchange([(0, 1)], kind=llg_.Dzyaloshinskii)
    with pytest.raises(ValueError, match=r"`bonds` must join two spins, got \(1, 1\)"):
        exchange([(1, 1)], [[0.0, 0.0, 1e-20]], llg_.Dzyaloshinskii)


def test_bonds_may_be_a_list_empty_or_padded():
    assert exchange([(0, 1), (0, 0), (0, 0)], [1e-20, 0.0, 0.0]).bonds.shape == (3, 2)
    assert exchange([]).bonds.shape == (0, 2)
    assert exchange(np.array([[0, 1]], np.int32)).bonds.dtype == jnp.int32


@pytest.mark.parametrize(
    "make, match",
    [
        (lambda: llg.prism_tensor(WHERE[0], FLAT[0], CUBE[0]), "`target` must be > 0"),
        (lambda: llg.prism_tensor(WHERE[0], CUBE[0], -CUBE[0]), "`source` must be > 0"),
        (
            lambda: llg.Demagnetisation.of_prisms(WHERE, FLAT, jnp.ones(1)),
            "`edges` must be > 0, got 0",
        ),
        (
            lambda: llg_.Demagnetisation.of_prisms(WHERE, CUBE, jnp.ones(2)),
            r"`m_s` must have shape \(1,\) for 1 prism\(s\), got \(2,\)",
        ),
        (
            lambda: llg_.stray_field(WHERE[0], CUBE, WHERE, CUBE, WHERE),
            r"`centre` must have shape \(1, 3\) like its edges, got \(3,\)",
        ),
        (
            lambda: llg.stray_field(WHERE, FLAT, WHERE, CUBE, WHERE),
            "`edges` must be > 0, got 0",
        ),
        (
            lambda: llg.stray_field(WHERE, CUBE, WHERE, -CUBE, WHERE),
            "`source_edges` must be > 0, got -1e-08",
        ),
    ],
)
def test_edges_have_a_length(make, match, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=match):
        make()


def test_prisms_need_float64():
    with jax.enable_x64(False), pytest.raises(ValueError, match="needs float64"):
        llg.prism_tensor(jnp.zeros(3), jnp.ones(3), jnp.ones(3))
