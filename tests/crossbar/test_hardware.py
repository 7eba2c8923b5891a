import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from scipy.constants import Boltzmann

import mtjax.crossbar as crossbar

from .reference import load


# weight bits, cell bits, input bits
INTEGERS = ((4, 1, 4), (4, 2, 4), (8, 2, 8), (3, 4, 1))


@pytest.mark.parametrize("coding", crossbar.Coding)
@pytest.mark.parametrize("weight_bits, cell_bits, bits", INTEGERS)
def test_sliced_products_are_bit_exact(weight_bits, cell_bits, bits, coding):
    k = jr.split(jr.key(0))
    top = 2 ** (weight_bits - 1)
    weights = jr.randint(k[0], (16, 5), 1 - top, top)
    x = jr.randint(k[1], (16,), 0, 2**bits)
    slices = crossbar.slice_weights(weights, weight_bits, cell_bits, coding)
    assert jnp.max(slices) < 2**cell_bits
    back = crossbar.join_slices(slices, weight_bits, cell_bits, coding)
    assert jnp.all(back == weights)
    found = crossbar.integer_product(
        x, weights, bits=bits, weight_bits=weight_bits, cell_bits=cell_bits, coding=coding
    )
    assert jnp.all(found == x @ weights)


@pytest.mark.parametrize("coding", crossbar.Coding)
def test_integer_reference(coding):
    for row in load()["exact_integer_mvm"]:
        x, weights = jnp.array(row["X"]), jnp.array(row["W"])
        count = crossbar.exact_bits(16, row["cell_bits"])
        assert count == row["adc_bits_for_exact_1bit_inputs"]
        adc = crossbar.ADC(count, low=0.0, high=2.0**count)
        product = lambda x, row=row, weights=weights, adc=adc: crossbar.integer_product(
            x,
            weights,
            bits=row["input_bits"],
            weight_bits=row["weight_bits"],
            cell_bits=row["cell_bits"],
            coding=coding,
            adc=adc,
        )
        for one, wanted in zip(x, row["XW"], strict=True):
            assert jnp.all(product(one) == jnp.array(wanted))


def test_integers_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="`weights` must be from -7 to 7"):
        crossbar.slice_weights(jnp.array([[8]]), 4, 1, crossbar.Coding.PAIRS)
    with pytest.raises(ValueError, match="`x` must be from 0 to 15"):
        crossbar.input_bits(jnp.array([16]), 4)
    with pytest.raises(ValueError, match="`cell_bits` must be at least 1"):
        crossbar.slice_weights(jnp.array([[1]]), 4, 0, crossbar.Coding.PAIRS)


def test_the_reference_column_takes_the_offset_off():
    numbers, v = jr.randint(jr.key(0), (6, 4), -5, 6), jr.normal(jr.key(1), (6,))
    levels = crossbar.offset_levels(numbers, 11)
    assert jnp.min(levels) >= 0
    assert jnp.max(levels) <= 10
    conductance = 1e-4 + 1e-5 * levels
    assert np.allclose(crossbar.take_reference(v @ conductance), 1e-5 * v @ numbers)


def test_common_mode_eats_the_headroom():
    adc = crossbar.ADC(6, low=0.0, high=10e-6)
    found = crossbar.column_currents(jnp.array([4e-6, 6e-6]), jnp.array([2e-6, 4e-6]), adc)
    assert np.allclose(found.signal, 2e-6)
    assert np.allclose(found.common, [3e-6, 5e-6])
    assert np.isclose(found.headroom, 0.5)


def test_a_spread_says_what_it_is_relative_to():
    g = jnp.full(20_000, 4e-4)
    for relative_to, unit in (
        (crossbar.RelativeTo.CONDUCTANCE, 4e-4),
        (crossbar.RelativeTo.RANGE, 3e-4),
    ):
        spread = crossbar.Spread(relative_to, std=0.05)
        noisy = spread(g, 2e-4, 5e-4, key=jr.key(0))
        assert np.isclose(jnp.std(noisy), 0.05 * unit, rtol=4 / (2 * g.size) ** 0.5)
        assert jnp.all(crossbar.Spread(relative_to)(g, 2e-4, 5e-4, key=jr.key(0)) == g)
    model = crossbar.StateSpread(
        conductance=jnp.array([1e-4, 3e-4, 5e-4]), std=jnp.array([1e-6, 5e-6, 2e-6])
    )
    z = jnp.std(model(g, key=jr.key(1))) / 3.5e-6 - 1
    assert abs(z) < 4 / (2 * g.size) ** 0.5


# deviation of ln G, its relative standard deviation: closed form
LOG_NORMAL = ((0.05, 0.05003126628214648), (0.2, 0.2020167671070603))


@pytest.mark.parametrize("s, relative", LOG_NORMAL)
def test_a_log_normal_spread_keeps_the_mean(s, relative):
    g = jnp.full(40_000, 2e-4)
    noisy = crossbar.LogNormalSpread(std=s)(g, key=jr.key(0))
    z = (jnp.mean(noisy) / 2e-4 - 1) / relative * g.size**0.5
    assert abs(z) < 4
    log = jnp.log(noisy)
    z = (jnp.mean(log) - (np.log(2e-4) - s**2 / 2)) / s * g.size**0.5
    assert abs(z) < 4
    assert abs(jnp.var(log) / s**2 - 1) < 4 * (2 / g.size) ** 0.5
    # kurtosis of the log-normal numbers themselves
    w = np.exp(s**2)
    kurtosis = w**4 + 2 * w**3 + 3 * w**2 - 3
    z = (jnp.var(noisy) / (2e-4 * relative) ** 2 - 1) / ((kurtosis - 1) / g.size) ** 0.5
    assert abs(z) < 4
    assert jnp.all(crossbar.LogNormalSpread()(g, key=jr.key(0)) == g)


def test_statistics_of_the_reference_file():
    rows = load()["statistics"]
    for row in rows["lognormal"]:
        g = jnp.full(40_000, row["mean"])
        noisy = crossbar.LogNormalSpread(std=row["s"])(g, key=jr.key(1))
        assert abs(jnp.mean(noisy) - row["mean"]) < 4 * row["std"] / 200
        assert np.isclose(jnp.std(noisy), row["std"], rtol=0.02)
        assert np.isclose(row["mu"], np.log(row["mean"]) - row["s"] ** 2 / 2)
    for row in rows["adc_noise"]:
        adc = crossbar.ADC(row["bits"], low=0.0, high=row["full_scale"])
        x = jnp.linspace(0, row["full_scale"] - adc.step, 100_001)
        rms = jnp.sqrt(jnp.mean((adc(x) - x) ** 2))
        assert np.isclose(rms, row["rms"], rtol=0.01)
    for row in rows["stuck"]:
        stuck = crossbar.Stuck(parallel=row["p_on"], antiparallel=row["p_off"])
        state = stuck.states((row["m"], row["n"]), key=jr.key(2))
        assert abs(jnp.sum(state == 1) - row["mean_on"]) < 4 * row["std_on"]


@pytest.mark.parametrize("p_on, p_off", ((0.0175, 0.0904), (0.001, 0.001)))
def test_stuck_cells_are_counted(p_on, p_off):
    """Binomial numbers of cells stuck at P and at AP."""
    stuck = crossbar.Stuck(parallel=p_on, antiparallel=p_off)
    state = stuck.states((256, 256), key=jr.key(0))
    for value, p in ((1, p_on), (-1, p_off)):
        z = (jnp.sum(state == value) - p * 256**2) / (p * (1 - p) * 256**2) ** 0.5
        assert abs(z) < 4
    g = stuck(jnp.full((256, 256), 2.0), 1.0, 3.0, key=jr.key(0))
    assert jnp.all(g == 2.0 + state)


def test_retention_decays_to_equilibrium():
    keep = crossbar.Retention(stability=20.0, attempt=1e-9)
    tau = 1e-9 * np.exp(20.0)
    g = keep(jnp.array([1e-4, 4e-4]), 2e-4, tau)
    assert np.allclose(g, 2e-4 + np.array([-1e-4, 2e-4]) / np.e)
    assert np.allclose(keep(jnp.array([1e-4]), 2e-4, 0.0), 1e-4)


def test_noise_and_settling_of_a_conversion():
    read = crossbar.ReadOut(time=1e-7, temperature=300.0, amplifier=1e-12, settling=2e-8)
    variance = (4 * Boltzmann * 300 * 1e-3 + 1e-24) / 2e-7
    assert np.isclose(read.std(jnp.array([1e-3]))[0], variance**0.5)
    t = np.linspace(0, 1e-7, 100_001)
    assert np.isclose(read.settled(), np.mean(1 - np.exp(-t / 2e-8)), rtol=1e-4)
    current = jnp.full(20_000, 1e-6)
    got = read(current, jnp.full(20_000, 1e-3), key=jr.key(0))
    assert abs(jnp.std(got) / variance**0.5 - 1) < 4 / (4e4) ** 0.5
    assert jnp.all(crossbar.ReadOut()(current, current, key=jr.key(0)) == current)


def test_errors_of_a_converter_and_their_calibration():
    adc = crossbar.ADC(
        12, low=-1.0, high=1.0, gain_error=0.1, offset=0.05, nonlinearity=3.0
    )
    x = jnp.linspace(-0.8, 0.8, 501)
    u = (x + 1) / 2
    wanted = 1.1 * x + 0.05 + 12 * adc.step * u * (1 - u)
    assert jnp.max(jnp.abs(adc(x) - wanted)) <= adc.step / 2 * (1 + 1e-9)
    affine = crossbar.ADC(12, low=-1.0, high=1.0, gain_error=0.1, offset=0.05)
    measured = jnp.stack([affine(x), affine(x) * 2 + 1], 1)
    ideal = jnp.stack([x, x], 1)
    fit = crossbar.calibrate(measured, ideal)
    assert jnp.max(jnp.abs(fit(measured) - ideal)) < 1.5 * affine.step
    assert np.allclose(fit.gain, [1 / 1.1, 1 / 2.2], rtol=1e-3)
    whole = crossbar.calibrate(measured[:, :1], ideal[:, :1], per_column=False)
    assert whole.gain.shape == ()
    assert np.isclose(whole.gain, fit.gain[0])
    constant = crossbar.calibrate(jnp.ones((5, 1)), jnp.full((5, 1), 3.0))
    assert constant(jnp.ones(1)) == 3.0
    assert np.isclose(
        crossbar.converter_range(jnp.linspace(-1, 1, 1001)[:, None], 0.5), 0.5
    )


def test_a_calibration_wants_equal_shapes():
    with pytest.raises(ValueError, match="`measured` and `wanted` must have one shape"):
        crossbar.calibrate(jnp.ones((4, 3)), jnp.ones((4, 2)))


def test_everything_off_is_the_matrix_product():
    """Weights on 16 levels through ideal pairs, tiles and converters."""
    weights = jr.normal(jr.key(0), (30, 11))
    x = jr.uniform(jr.key(1), (30,))
    numbers, scale = crossbar.quantise(weights, 16)
    low, step = 1e-5, 2e-6
    sides = [low + step * side for side in crossbar.split(numbers)]
    tiles = jnp.stack([crossbar.tile(side, (8, 5), low) for side in sides])
    inputs = crossbar.tile_inputs(crossbar.DAC()(x), 8)
    matrix = lambda g: crossbar.effective(
        crossbar.Crossbar.wired(g, 0.0), method=crossbar.Method.iterative
    )
    matrices = jax.vmap(jax.vmap(jax.vmap(matrix)))(tiles)
    currents = jnp.einsum("dr,sdarc->sdac", inputs, matrices)
    signal = crossbar.ADC()(currents[0] - currents[1])
    found = crossbar.join_outputs(signal, 11) * scale / step
    wanted = x @ (numbers * scale)
    assert np.allclose(found, wanted, rtol=0, atol=1e-12 * np.max(np.abs(wanted)))
