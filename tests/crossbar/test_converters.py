import jax
import jax.numpy as jnp
import numpy as np
import pytest

import mtjax.crossbar as crossbar


@pytest.mark.parametrize("bits", (4, 6, 8))
def test_rounding_error_of_a_converter(bits):
    """Uniform input: rms step / sqrt(12); half the last step is clipped away."""
    adc = crossbar.ADC(bits, low=0.0, high=1.0)
    x = jnp.linspace(0, 1 - 2.0**-bits, 200_001)
    rms = jnp.sqrt(jnp.mean((adc(x) - x) ** 2))
    assert np.isclose(rms, 2.0**-bits / 12**0.5, rtol=0.01)
    assert adc.codes(x).max() == 2**bits - 1


def test_converters_reach_their_ends_and_zero():
    dac = crossbar.DAC(3, low=-1.0, high=1.0)
    assert jnp.all(dac(jnp.array([-1.0, 1.0])) == jnp.array([-1.0, 1.0]))
    assert crossbar.ADC(3, low=-1.0, high=1.0)(jnp.array(0.0)) == 0
    counts = jnp.arange(32.0)
    assert jnp.all(crossbar.ADC(5, low=0.0, high=32.0)(counts) == counts)
    assert crossbar.ADC()(jnp.array(1e9)) == 1e9


def test_derivative_is_straight_through_and_the_range_learns():
    """Two bits: .4 is 1.2 steps and becomes one; a range moves the rounding error."""
    value = lambda x, low, high: crossbar.DAC(2, low=low, high=high)(x)
    gradient = jax.grad(value, (0, 1, 2))
    assert np.allclose(gradient(0.4, 0.0, 1.0), (1, 0.2 / 3, -0.2 / 3), rtol=1e-12)
    assert gradient(-0.4, 0.0, 1.0) == (0, 1, 0)
    assert gradient(1.4, 0.0, 1.0) == (0, 0, 1)


def test_clipping_is_counted():
    x = jnp.array([-1.0, 0.0, 0.5, 2.0])
    assert crossbar.DAC(4).clipped(x) == 0.5
    assert crossbar.ADC(4).clipped(x) == 0.5
    assert crossbar.ADC().clipped(x) == 0


def test_bits_must_fit():
    for kind in (crossbar.ADC, crossbar.DAC):
        with pytest.raises(ValueError, match="`bits` must be from 1 to 24"):
            kind(0)
