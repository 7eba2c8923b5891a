"""Fokker-Planck of a device, and the closure over grains, against laws and Monte Carlo."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtjax import llg
from mtjax.data import Pulses, quantity, Scalar, State


BOLTZMANN = 1.380649e-23


class Grains(eqx.Module):
    """One-spin grains of unequal area and anisotropy."""

    delta: Scalar = quantity("1", above=0)
    alpha: Scalar = quantity("1", above=0, default=0.1)
    overdrive: Scalar = quantity("1/V", default=2.0)
    coupling: Scalar = quantity("T", default=0.0)
    series_resistance: Scalar = quantity("Ohm", default=0.0)
    fractions: tuple[float, ...] = eqx.field(static=True, default=(0.2, 0.3, 0.5))

    def samples(self, number: int) -> llg.Microstructure:
        return draw(len(self.fractions))

    def system(self, grains: llg.Microstructure) -> llg.System:
        n = len(self.fractions)
        spread = jnp.linspace(0.8, 1.2, n) if n > 1 else jnp.ones(1)
        energy = self.delta * BOLTZMANN * 300 * spread
        moment = 2 * energy / spread  # b_k = spread * 1 T
        up = jnp.broadcast_to(jnp.array([0.0, 0.0, 1.0]), (n, 3))
        terms: list[llg.AbstractTerm] = [
            llg.Uniaxial(k_u=energy, volume=jnp.ones(n), moment=moment, axis=up)
        ]
        if n > 1:
            bonds = jnp.array(list(itertools.combinations(range(n), 2)))
            strength = self.coupling * jnp.mean(moment) * jnp.ones(len(bonds))
            terms.append(llg.Exchange(bonds, strength=strength, moment=moment))
        return llg.System(
            terms=tuple(terms),
            circuit=llg.Circuit(
                jnp.asarray(1e-3),
                jnp.asarray(1.5),
                jnp.asarray(0.6),
                self.series_resistance,
            ),
            moment=moment,
            alpha=self.alpha * jnp.ones(n),
            torque=self.alpha * self.overdrive * jnp.ones(n),
            weight=jnp.asarray(self.fractions),
            polariser=up[0],
            temperature=300.0,
        )

    def check(self, grains: llg.Microstructure) -> None:
        pass


def draw(n: int) -> llg.Microstructure:
    return llg.Microstructure(
        centre=jnp.zeros((1, n, 2)),
        fraction=jnp.full((1, n), 1 / n),
        bonds=jnp.zeros((1, 1, 2), jnp.int32),
        boundary=jnp.zeros((1, 1)),
        distance=jnp.ones((1, 1)),
        anisotropy=jnp.zeros((1, n)),
        area=jnp.zeros((1, n)),
    )


PULSES = Pulses.product(voltage=jnp.array([0.8, 1.2]), width=jnp.array([0.1e-9, 0.2e-9]))


def one(**values):
    return Grains(delta=20.0, fractions=(1.0,), **values)


def test_device_is_the_reduced_equation():
    result = llg.fokker_planck(one(), PULSES, modes=121)
    for k, (volts, width) in enumerate(((0.8, 0.1e-9), (0.8, 0.2e-9), (1.2, 0.1e-9))):
        tau = llg.reduced_time(width, 0.1, 1.0)
        wanted = llg.write_error_rate(20.0, 2 * volts, tau, modes=121)
        assert abs(result.write_error_rate.reshape(-1)[k] - wanted) < 1e-11
    assert abs(result.delta - 20) < 1e-9
    assert abs(result.density(0, 1).above(0.0) - result.write_error_rate[0, 1]) < 1e-12
    wanted = llg.relaxation_rate(20.0) * llg.reduced_time(1.0, 0.1, 1.0)
    assert abs(result.relaxation_rate / wanted - 1) < 1e-9


def test_antiparallel_start_mirrors_the_voltage():
    up = llg.fokker_planck(one(), PULSES, modes=121)
    mirrored = eqx.tree_at(lambda p: p.voltage, PULSES, -PULSES.voltage)
    down = llg.fokker_planck(one(), mirrored, modes=121, start=State.ANTIPARALLEL)
    np.testing.assert_allclose(up.write_error_rate, down.write_error_rate, atol=1e-12)


def test_edges_delay_the_pulse():
    """To first order an edge shifts the charge, not its sum: width is at half maximum."""
    edged = Pulses.product(voltage=1.0, width=0.2e-9, rise=0.02e-9, fall=0.02e-9)
    sharp = Pulses.product(voltage=1.0, width=0.2e-9)
    rates = [
        llg.fokker_planck(one(), pulses, modes=121, substeps=32).write_error_rate
        for pulses in (edged, sharp)
    ]
    assert abs(rates[0] / rates[1] - 1) < 0.1


def test_derivative_of_a_material_value():
    def log_rate(alpha):
        pulses = Pulses.product(voltage=1.0, width=0.2e-9)
        return jnp.log(
            llg.fokker_planck(one(alpha=alpha), pulses, modes=121).write_error_rate
        )

    slope = (log_rate(0.101) - log_rate(0.099)) / 0.002
    assert abs(jax.grad(log_rate)(0.1) / slope - 1) < 1e-3


def test_device_that_is_not_axial_is_refused():
    with pytest.raises(ValueError, match="`series_resistance` must be 0"):
        llg.fokker_planck(one(series_resistance=100.0), PULSES)
    with pytest.raises(ValueError, match="`device` must have one spin, got 3"):
        llg.fokker_planck(Grains(delta=20.0), PULSES)
    system = one().system(draw(1))
    tilt = llg.Zeeman(b=jnp.array([[0.1, 0.0, 0.0]]), moment=system.moment)
    tilted = eqx.tree_at(lambda s: s.terms, system, (*system.terms, tilt))
    with pytest.raises(ValueError, match="symmetric about z"):
        llg.fokker_planck(tilted, PULSES)


def test_poisson_binomial_is_the_product_law():
    p = jnp.array([0.1, 0.7, 0.35, 0.9])
    wanted = np.zeros(5)
    for outcome in itertools.product((0, 1), repeat=4):
        factors = [q if o else 1 - q for q, o in zip(p, outcome, strict=True)]
        wanted[sum(outcome)] += np.prod(factors)
    np.testing.assert_allclose(llg.poisson_binomial(p), wanted, atol=1e-15)


@pytest.mark.parametrize("wrong", (-0.1, 1.2, np.nan))
def test_what_is_no_probability_is_refused(wrong):
    with pytest.raises(ValueError, match="`probability` must be from 0 to 1 everywhere"):
        llg.poisson_binomial(jnp.array([0.5, wrong]))


@pytest.fixture(scope="module")
def closure():
    return llg.granular_closure(
        Grains(delta=20.0), draw(3), PULSES, modes=121, trials=1000, bins=256
    )


def test_uncoupled_grains_are_independent(closure):
    """Mean, variance and histogram are those of the sum of the grains' densities."""
    levels = closure.levels
    window = levels.parallel - levels.antiparallel
    window, low = window[0], levels.antiparallel[0]
    level = (levels.mean[0] - low) / window
    centre = (levels.edges[1:] + levels.edges[:-1]) / 2
    share = levels.histogram[0] / 1000
    np.testing.assert_allclose(jnp.sum(share, -1), 1.0, atol=1e-10)
    mean = share @ centre
    np.testing.assert_allclose(mean, level, atol=1 / 256)
    variance = share @ centre**2 - mean**2
    np.testing.assert_allclose(variance, levels.variance[0] / window**2, atol=2e-4)
    assert closure.counts.shape == (1, 2, 2, 4)
    tau = llg.reduced_time(0.2e-9, 0.1, 1.0)
    wanted = 1 - llg.write_error_rate(20.0, 1.6, tau, modes=121)
    assert abs(closure.switched[0, 0, 1, 1] - wanted) < 1e-10


@pytest.mark.parametrize("coupling, tolerance", ((0.0, 0.0), (0.01, 0.01)))
def test_closure_against_monte_carlo(coupling, tolerance):
    """Exact without coupling (|z| < 4); with weak exchange, a mean-field estimate."""
    trials, device = 4000, Grains(delta=20.0, coupling=coupling)
    grid = llg.TimeGrid(dt=5e-13, steps=401, settle=400)
    key = jax.random.key(0)
    sampled = llg.sweep(
        device, draw(3), PULSES, grid, observe=llg.Level(), key=key, trials=trials
    )
    exact = llg.granular_closure(device, draw(3), PULSES, modes=121, bins=256).levels
    error = jnp.sqrt(exact.variance / trials) + tolerance * sampled.parallel[0] / 4
    assert jnp.max(jnp.abs((sampled.mean - exact.mean) / error)) < 4
    # Not where nearly all trials switch: the variance of few events is uncertain.
    ratio = (sampled.variance / exact.variance)[0, :, 0]
    assert jnp.max(jnp.abs(ratio - 1)) < 0.1 + 10 * tolerance


def test_closure_is_differentiable():
    pulses = Pulses.product(voltage=1.0, width=0.15e-9)

    def mean(delta):
        device = Grains(delta=delta, coupling=0.01, series_resistance=50.0)
        return 1e4 * llg.granular_closure(device, draw(3), pulses, modes=101).levels.mean[0]

    slope = (mean(20.5) - mean(19.5)) / 1.0
    assert abs(jax.grad(mean)(20.0) / slope - 1) < 1e-2
