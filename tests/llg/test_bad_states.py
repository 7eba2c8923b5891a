"""Paths, states and layers that cannot be are refused."""

from typing import Any

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

import mtjax.llg as llg


llg_: Any = llg  # what a type checker would refuse, too
CARD: Any = llg.presets.stt_mram()
SAMPLE = jax.tree.map(lambda x: x[0], CARD.samples(1))
UP = jnp.array([[0.0, 0.0, 1.0]])


@pytest.fixture(autouse=True)
def as_a_user(monkeypatch):
    """Annotations are checked in tests only; the refusals are for everyone."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.fixture(scope="module")
def system() -> Any:
    return CARD.system(SAMPLE)


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
            lambda system, m: llg.switching_field(system, -UP[0], m, largest=-1.0),
            UP,
            r"`largest` must be > 0 \[T\], got -1",
        ),
        (lambda system, m: llg.relax(CARD, m), UP, "`system` must be a System, .* Macros"),
        (llg.modes, [[0, 0, 2]], "`m` must hold unit vectors, got norm 2"),
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
