"""Parts of a system that cannot be are refused where they are made."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

import mtjax.llg as llg


ONES, AXIS = jnp.ones(2), jnp.array([[0.0, 0.0, 1.0]] * 2)
MOMENT, VOLUME = 1e-18 * ONES, 1e-24 * ONES
CARD: Any = llg.presets.stt_mram()
LONG = jnp.array([0.0, 0.0, 2.0])
llg_: Any = llg  # what a type checker would refuse, too
BOND = llg_.Exchange([(0, 1)], strength=[1e-20], moment=1e-18 * jnp.ones(4))
CIRCUIT = llg.Circuit(*(jnp.asarray(v) for v in (1e-3, 1.0, 0.5, 0.0)))


def uniaxial(**more) -> Any:
    given = dict(k_u=1e5 * ONES, volume=VOLUME, moment=MOMENT, axis=AXIS)
    return llg_.Uniaxial(**given | more)


def system(**more) -> Any:
    given: Any = dict(
        terms=(uniaxial(),),
        circuit=CIRCUIT,
        moment=MOMENT,
        alpha=0.1 * ONES,
        torque=0.01 * ONES,
        weight=0.5 * ONES,
        polariser=AXIS[0],
        temperature=300.0,
    )
    return llg_.System(**given | more)


def prisms(m_s: float = 1e6) -> Any:
    edges = 1e-8 * jnp.ones((2, 3))
    centre = 3e-8 * AXIS * jnp.array([[0.0], [1.0]])
    return llg.Demagnetisation.of_prisms(centre, edges, m_s * ONES)


@pytest.mark.parametrize(
    "make, match",
    [
        (lambda: uniaxial(axis=2 * AXIS), "`axis` must hold unit vectors, got norm 2"),
        (lambda: uniaxial(axis=LONG), "`axis` must be a unit vector, got norm 2"),
        (lambda: uniaxial(axis=0 * AXIS), "`axis` must hold unit vectors, got norm 0"),
        (lambda: uniaxial(axis=AXIS[:, :2]), "`axis` must have three components, got"),
        (lambda: uniaxial(k_u=[jnp.nan] * 2), "`k_u` must be a number .* got nan"),
        (lambda: uniaxial(volume=[0.0, 1.0]), "`volume` must be > 0 .* from 0 to 1"),
        (
            lambda: llg_.SecondUniaxial(
                k_u2=ONES, volume=VOLUME, moment=MOMENT, axis=2 * AXIS
            ),
            "`axis` must hold unit vectors, got norm 2",
        ),
        (
            lambda: llg_.HeavyMetal(
                spin_hall=0.1,
                polarisation=LONG,
                resistivity=1e-6,
                length=1e-7,
                width=1e-7,
                thickness=1e-8,
            ),
            "`polarisation` must be a unit vector, got norm 2",
        ),
        (
            lambda: llg_.SpinTorque(
                direction=LONG,
                damping_like=ONES,
                field_like=ONES,
                follows=llg.Follows.VOLTAGE,
            ),
            "`direction` must be a unit vector, got norm 2",
        ),
        (
            lambda: llg_.InField(llg.presets.stt_mram(), LONG),
            "`direction` must be a unit vector, got norm 2",
        ),
    ],
)
def test_directions_have_length_one(make, match):
    with pytest.raises(ValueError, match=match):
        make()


@pytest.mark.parametrize(
    "parts, match",
    [
        (dict(polariser=LONG), "`polariser` must be a unit vector, got norm 2"),
        (dict(polariser=AXIS), r"`polariser` must have shape \(3,\) .* got \(2, 3\)"),
        (dict(weight=ONES), "`weight` must sum to 1, got 2"),
        (dict(weight=0.4999 * ONES), "`weight` must sum to 1, got 0.9998"),
        (dict(weight=jnp.ones(1)), r"`weight` must have shape \(2,\) .* got \(1,\)"),
        (dict(torque=jnp.ones(3)), r"`torque` must have shape \(2,\) .* got \(3,\)"),
        (dict(alpha=0.1), r"`alpha` must have shape \(2,\) .* got \(\)"),
        (dict(alpha=[-1.0, 0.1]), r"`alpha` must be >= 0 \[1\]"),
        (dict(moment=1e-18), r"`moment` must have shape \(spins,\), got \(\)"),
        (
            dict(moment=2e-18 * ONES),
            "`moment` of Uniaxial must be that of the system, got 0.5 times as much",
        ),
        (
            dict(terms=(uniaxial(), prisms(2e6))),
            "`moment` of Demagnetisation must be that of the system, got 2 times",
        ),
        (
            dict(terms=(BOND,)),
            r"`moment` of Exchange must .* of shape \(2,\), got shape \(4,\)",
        ),
    ],
)
def test_a_system_is_of_one_set_of_spins(parts, match):
    with pytest.raises(ValueError, match=match):
        system(**parts)


@pytest.mark.parametrize(
    "make, match",
    [
        (lambda: system(terms=uniaxial()), "`terms` must be a tuple of terms, .*Uniaxial"),
        (lambda: system(terms=(3,)), "`terms` must be a tuple of terms, got 3"),
        (lambda: system(drives=(uniaxial(),)), "`drives` must be a tuple of drives, got"),
        (lambda: system(circuit=1e-3), "`circuit` must be an llg.Circuit, got 0.001"),
        (
            lambda: llg_.Following(uniaxial(), follows="voltage"),
            "`follows` must be an llg.Follows, got 'voltage'",
        ),
        (
            lambda: llg_.Following(3, follows=llg.Follows.VOLTAGE),
            "`term` must be a term such as llg.Zeeman, got 3",
        ),
        (
            lambda: llg_.Circuit(ONES[0], ONES[0], ONES[0], ONES[0], source="current"),
            "`source` must be an llg.Source, got 'current'",
        ),
        (
            lambda: dataclasses.replace(CARD.junction, source="current"),
            "`source` must be an llg.Source, got 'current'",
        ),
        (
            lambda: llg_.step_advice(system(), "parallel"),
            "`start` must be a State, got 'parallel'",
        ),
    ],
)
def test_parts_are_of_their_kind(make, match, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=match):
        make()


def test_rounding_is_allowed():
    thirds = np.full(1000, np.float32(1e-3))
    moment = jnp.full(1000, np.float32(1e-18))
    system(
        terms=(llg.Zeeman(b=jnp.zeros((1000, 3)), moment=moment.astype(float)),),
        moment=moment,
        alpha=thirds,
        torque=thirds,
        weight=thirds,
        polariser=np.asarray([0.6, 0.0, 0.8], np.float32),
    )


def test_an_anisotropy_that_follows_the_pulse_counts_too():
    following = llg.Following(uniaxial(effective=True), follows=llg.Follows.VOLTAGE)
    both = dict(terms=(prisms(),), drives=(following,), moment=1e-18 * ONES)
    with pytest.raises(ValueError, match="`terms` must not hold an effective anisotropy"):
        system(**both)


def test_what_is_traced_is_taken_as_it_is():
    def energy(axis, strength):
        one = uniaxial(axis=axis).energy(AXIS)
        twice = llg_.Exchange([(0, 1), (1, 0)], strength=strength, moment=MOMENT)
        return one + twice.energy(AXIS)

    jax.jit(jax.grad(energy))(2 * AXIS, 1e-20 * ONES)
    with pytest.raises(ValueError, match="`axis` must hold unit vectors"):
        jax.grad(energy)(2 * AXIS, 1e-20 * ONES)
