import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.crossbar as crossbar


@pytest.mark.parametrize("kind", (crossbar.Flash, crossbar.SAR))
@pytest.mark.parametrize("bits", (1, 3, 8))
def test_without_errors_they_are_the_converter(kind, bits):
    x = jr.uniform(jr.key(0), (50, 20), minval=-1.5, maxval=1.5)
    one = kind(bits=bits, low=-1.0, high=1.0)
    wanted = crossbar.ADC(bits, low=-1.0, high=1.0)
    assert jnp.all(one.codes(x) == wanted.codes(x))
    assert jnp.all(one(x) == wanted(x))
    assert one.clipped(x) == wanted.clipped(x)
    assert one(x.astype(jnp.float32)).dtype == jnp.float32
    comparisons = {crossbar.Flash: 2**bits - 1, crossbar.SAR: bits}
    assert one.comparisons == comparisons[kind]


def test_a_threshold_of_a_flash_moves_with_its_comparator():
    offset = jnp.zeros(7).at[2].set(0.3)
    flash = crossbar.Flash(bits=3, low=0.0, high=8.0, offset=offset)
    assert jnp.all(
        flash.codes(jnp.array([2.79, 2.81, 1.51, 3.51])) == jnp.array([2, 3, 2, 4])
    )
    # thresholds that change places: the number of those below the input still rises
    crossed = crossbar.Flash(bits=3, low=0.0, high=8.0, offset=offset.at[2].set(1.4))
    codes = crossed.codes(jnp.linspace(0.0, 7.0, 200))
    assert jnp.all(jnp.diff(codes) >= 0)
    assert jnp.all(crossed.codes(jnp.array([2.6, 3.6, 4.2])) == jnp.array([2, 3, 4]))


def test_a_light_highest_bit_loses_codes():
    """Six bits, the highest 10 % light: 32 begins at 28.8, and 29 to 31 are missing."""
    mismatch = jnp.zeros(6).at[5].set(-0.1)
    sar = crossbar.SAR(bits=6, low=0.0, high=64.0, mismatch=mismatch)
    codes = np.unique(sar.codes(jnp.linspace(0.0, 63.0, 10_000)))
    assert np.array_equal(np.setdiff1d(np.arange(64), codes), [29, 30, 31])
    edge = 32 * 0.9 - 0.5
    assert jnp.all(sar.codes(jnp.array([edge - 0.01, edge + 0.01])) == jnp.array([28, 32]))


def test_draws_have_their_spread():
    keys = jr.split(jr.key(0), 2000)
    flash = jax.vmap(lambda k: crossbar.Flash.drawn(4, 0.0, 1.0, 0.2, key=k).offset)(keys)
    z = (jnp.var(flash) / 0.04 - 1) / (2 / flash.size) ** 0.5
    assert abs(z) < 4
    sar = jax.vmap(lambda k: crossbar.SAR.drawn(6, 0.0, 1.0, 0.02, key=k).mismatch)(keys)
    z = (jnp.var(sar, 0) * 2.0 ** jnp.arange(6) / 4e-4 - 1) / (2 / 2000) ** 0.5
    assert jnp.max(jnp.abs(z)) < 4


@pytest.mark.parametrize("kind", (crossbar.Flash, crossbar.SAR, crossbar.ADC))
def test_a_range_learns_what_it_should_be(kind):
    """Gradient descent from far off finds the range of least error, on normal numbers."""
    x = jr.normal(jr.key(0), (4000,))

    def error(half):
        return jnp.mean((kind(bits=6, low=-half, high=half)(x) - x) ** 2)

    slope = jax.jit(jax.grad(lambda ln: jnp.log(error(jnp.exp(ln)))))
    for start in (0.7, 12.0):
        ln = jnp.log(start)
        for step in range(60):
            ln = ln - 0.15 * 0.95**step * slope(ln)
        least = min(error(jnp.asarray(h)) for h in np.linspace(2.5, 5.5, 13))
        assert error(jnp.exp(ln)) < 1.05 * least


@pytest.mark.parametrize(
    "make, message",
    (
        (lambda: crossbar.Flash(bits=0), "`bits` must be from 1 to 24"),
        (lambda: crossbar.SAR(bits=25), "`bits` must be from 1 to 24"),
        (lambda: crossbar.ADC(3, low=1.0, high=1.0), "`high` must be > `low`, got 1.0"),
        (
            lambda: crossbar.SAR(bits=3, low=1.0, high=0.0),
            "`high` must be > `low`, got 0.0",
        ),
        (lambda: crossbar.Flash(bits=3, offset=jnp.zeros(8)), "`offset` must be a scalar"),
        (
            lambda: crossbar.SAR(bits=3, mismatch=jnp.zeros(2)),
            "`mismatch` must be a scalar",
        ),
    ),
)
def test_what_does_not_fit_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
