"""What the axial Fokker-Planck solutions refuse, and what they choose themselves."""

import inspect
import re
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtjax import llg
from mtjax.data import Pulses, State

from .test_fokker_planck_grains import draw, Grains, one, PULSES


CARD = llg.presets.stt_mram()
SHORT = Pulses.product(voltage=1.0, width=1e-9)


def changed(**values):
    names = list(values)
    return eqx.tree_at(
        lambda d: [getattr(d, n) for n in names],
        CARD,
        [jnp.asarray(v) for v in values.values()],
    )


def unchecked(function) -> Any:
    """The function as a user has it, without the type checker of the tests."""
    return inspect.unwrap(function)


@pytest.mark.parametrize(
    "device, how, sentence",
    (
        (changed(temperature=0.0), {}, "`temperature` must be > 0 [K]"),
        (changed(alpha=0.0), {}, "`alpha` must be > 0 [1]"),
        (changed(k_u=1e3), {}, "`device` must have its easy axis along z, got a barrier"),
        (CARD, dict(modes=160), "`modes` must be odd, got 160"),
        (CARD, dict(modes=3), "`modes` must be >= 5, got 3"),
        (CARD, dict(modes=61), "`modes` must be >= 67 for a stability and drive of 146"),
        (CARD, dict(substeps=0), "`substeps` must be >= 1, got 0"),
        (CARD, dict(start="parallel"), "`start` must be a State, got 'parallel'."),
        (changed(k_u=4e7), {}, "`modes` must be given beyond 781"),
    ),
)
def test_axial_device_is_refused_in_a_sentence(device, how, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        unchecked(llg.fokker_planck)(device, SHORT, **how)


@pytest.mark.parametrize(
    "device, how, sentence",
    (
        (Grains(delta=20.0), dict(modes=31), "`modes` must be >= "),
        (Grains(delta=20.0), dict(modes=160), "`modes` must be odd"),
        (Grains(delta=20.0), dict(substeps=0), "`substeps` must be >= 1"),
        (Grains(delta=20.0), dict(start="parallel"), "`start` must be a State"),
    ),
)
def test_closure_is_refused_in_a_sentence(device, how, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        unchecked(llg.granular_closure)(device, draw(3), PULSES, **how)


@pytest.mark.parametrize(
    "call, sentence",
    (
        (lambda: llg.write_error_rate(60.0, 3.0, -2.0), "`tau` must be >= 0, got -2"),
        (lambda: llg.write_error_rate(-6.0, 3.0, 2.0), "`delta` must be > 0, got -6"),
        (lambda: llg.write_error_rate(60.0, 3.0, 2.0, modes=51), "`modes` must be >= 86"),
        (lambda: llg.write_error_rate(60.0, 3.0, 2.0, substeps=0), "`substeps` must be"),
        (lambda: llg.axial_well(60.0, modes=100), "`modes` must be odd, got 100"),
    ),
)
def test_reduced_equation_is_refused_in_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        call()


def test_a_wrong_start_is_refused_everywhere():
    system = one().system(draw(1))
    for function, arguments in (
        (llg.stiffest_field, (system,)),
        (llg.fokker_planck_sphere, (system, SHORT)),
    ):
        with pytest.raises(ValueError, match="`start` must be a State, got 'parallel'"):
            unchecked(function)(*arguments, start="parallel")


def test_modes_follow_stability_and_drive_in_few_sizes():
    """A stable magnet has the rate of twice the modes; near values do not compile anew."""
    hard = Pulses.product(voltage=1.2, width=0.1e-9)
    device = lambda delta: Grains(delta=delta, fractions=(1.0,), overdrive=1.4)
    found = llg.fokker_planck(device(350.0), hard)
    assert found.moments.shape[-1] > 161
    more = llg.fokker_planck(device(350.0), hard, modes=601)
    assert abs(found.write_error_rate - more.write_error_rate) < 1e-10
    near = [llg.fokker_planck(device(x), hard).moments.shape for x in (340.0, 345.0, 350.0)]
    assert len(set(near)) == 1
    with pytest.raises(ValueError, match="`modes` must be given where the device or"):
        jax.jit(
            lambda v: (
                llg.fokker_planck(
                    device(20.0), Pulses.product(voltage=v, width=1e-10)
                ).write_error_rate
            )
        )(1.0)


@pytest.mark.parametrize("start", tuple(State))
def test_a_device_turned_over_is_the_same_device(start):
    """Half a turn about x, polariser and field with it, changes no probability."""
    system = one().system(draw(1))
    up = jnp.array([[0.0, 0.0, 0.05]])

    def turned(side):
        field = llg.Zeeman(b=side * up, moment=system.moment)
        change = ((*system.terms, field), side * system.polariser)
        return eqx.tree_at(lambda s: (s.terms, s.polariser), system, change)

    rates = [
        llg.fokker_planck(turned(side), PULSES, start=start, modes=121).write_error_rate
        for side in (1.0, -1.0)
    ]
    np.testing.assert_allclose(rates[0], rates[1], rtol=1e-10)


class Turned(eqx.Module):
    """Grains whose reference layer points along -z."""

    grains: Grains

    def system(self, draws):
        system = self.grains.system(draws)
        return eqx.tree_at(lambda s: s.polariser, system, -system.polariser)

    def check(self, draws):
        """Any draw will do."""


def test_a_closure_turned_over_has_the_same_levels():
    device = Grains(delta=20.0, coupling=0.01)
    plain, turned = (
        llg.granular_closure(d, draw(3), PULSES, modes=121)
        for d in (device, Turned(device))
    )
    np.testing.assert_allclose(turned.levels.mean, plain.levels.mean, rtol=1e-12)
    np.testing.assert_allclose(turned.switched, plain.switched, rtol=1e-9)
