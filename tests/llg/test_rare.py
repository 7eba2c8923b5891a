"""Rare write errors against the Fokker-Planck equation, a product law and plain counts."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import constants

import mtjax.llg as llg
from mtjax.data import Outcome, State


GAMMA = constants.physical_constants["electron gyromag. ratio"][0]
ALPHA, TEMPERATURE = 0.1, 300.0
DT = 0.05 / GAMMA


class Grains(eqx.Module):
    """Spins of B_k = 1 T, one a grain, in a ring of exchange; a volt is i = 1."""

    delta: jax.Array = eqx.field(converter=jnp.asarray)
    exchange: jax.Array = eqx.field(converter=jnp.asarray, default=0.0)  # over k T
    number: int = eqx.field(static=True, default=1)

    def system(self, sample):
        n, one, thermal = self.number, jnp.asarray(1.0), constants.k * TEMPERATURE
        energy = thermal * jnp.full(n, self.delta)
        moment = 2 * energy
        bonds = jnp.stack([jnp.arange(n), (jnp.arange(n) + 1) % n], 1)
        terms: list[llg.AbstractTerm] = [
            llg.Uniaxial(
                k_u=energy,
                volume=jnp.ones(n),
                moment=moment,
                axis=jnp.tile(jnp.array([[0.0, 0.0, 1.0]]), (n, 1)),
            )
        ]
        if n > 1:
            strength = jnp.full(n, thermal * self.exchange)
            terms.append(llg.Exchange(bonds, strength=strength, moment=moment))
        return llg.System(
            terms=tuple(terms),
            circuit=llg.Circuit(one, one, one, jnp.asarray(0.0)),
            moment=moment,
            alpha=jnp.full(n, ALPHA),
            torque=jnp.full(n, ALPHA),
            weight=jnp.full(n, 1 / n),
            polariser=jnp.array([0.0, 0.0, 1.0]),
            temperature=TEMPERATURE,
        )

    def samples(self):
        n = self.number
        return llg.Microstructure(
            centre=jnp.full((1, n, 2), 0.5),
            fraction=jnp.full((1, n), 1 / n),
            bonds=jnp.zeros((1, 1, 2), jnp.int32),
            boundary=jnp.zeros((1, 1)),
            distance=jnp.ones((1, 1)),
            anisotropy=jnp.zeros((1, n)),
            area=jnp.zeros((1, n)),
        )

    def check(self, grains):
        """Any draw will do."""


def seconds(tau):
    return jnp.asarray(tau) * (1 + ALPHA**2) / (ALPHA * GAMMA)


def pulses_and_grid(overdrive, tau, settle=3.0):
    pulses = llg.Pulses.product(
        voltage=jnp.asarray(overdrive, float), width=seconds(jnp.asarray(tau, float))
    )
    steps = int(seconds(np.max(tau)) / DT) + 2
    return pulses, llg.TimeGrid(dt=DT, steps=steps, settle=int(seconds(settle) / DT))


def rare(device, overdrive, tau, *, trials, **more):
    pulses, grid = pulses_and_grid(overdrive, tau)
    return llg.rare_errors(
        device,
        device.samples(),
        pulses,
        grid,
        key=jax.random.key(0),
        trials=trials,
        integrator=llg.Integrator.CAYLEY,
        **more,
    )


def test_a_macrospin_has_the_rates_of_the_reference_table():
    """8e-5, 1.3e-6 and 1.2e-9 (and one that the table does not resolve).

    Within 3 standard errors and 2 % for the time step.
    """
    overdrive, tau = (2.0, 3.0), (6.0, 8.0)
    found = rare(Grains(20.0), overdrive, tau, trials=2000)
    assert np.all(found.standard_error < 0.1 * found.rate)
    assert np.all(found.outcome == Outcome.successful)
    for r in llg.reference_rows()["J_WER"]["rows"]:
        if r["i"] in overdrive and r["tau"] in tau and r["WER_FP"] > 1e-10:
            at = (0, overdrive.index(r["i"]), tau.index(r["tau"]))
            ratio = found.rate[at] / r["WER_FP"]
            error = found.standard_error[at] / r["WER_FP"]
            assert abs(ratio - 1) < 3 * error + 0.02


def several(delta, overdrive, tau, number, cells=4000):
    """Probability that the mean of `number` independent m_z is positive."""
    start = llg.axial_well(delta, modes=161)
    end = llg.axial_evolve(start, delta, -overdrive, tau)
    edge = jnp.linspace(-1, 1, cells + 1)
    p = -np.diff(jax.vmap(end.above)(edge))
    spectrum = np.fft.rfft(p, number * cells)
    total = np.fft.irfft(spectrum**number, number * cells)
    sums = 2 * np.arange(number * cells) + number - number * cells
    return total[sums > 0].sum() + total[sums == 0].sum() / 2


@pytest.mark.parametrize(
    "number, trials", ((5, 1500), pytest.param(16, 20_000, marks=pytest.mark.slow))
)
def test_uncoupled_grains_obey_the_product_law(number, trials):
    """More than half of the area up: 1.3e-4 for 5 grains, 2.7e-11 for 16."""
    found = rare(Grains(20.0, number=number), 2.0, 3.0, trials=trials)
    wanted = several(20.0, 2.0, 3.0, number)
    # the time step biases each of the grains that stay up
    bias = 0.005 * (number // 2 + 1)
    print(number, found.rate, found.standard_error, wanted)
    assert abs(found.rate[0] - wanted) < 3 * found.standard_error[0] + bias * wanted
    assert found.standard_error[0] < 0.1 * found.rate[0]


@pytest.mark.parametrize("share", (0.5, 1.0))
def test_no_push_biases_a_frequent_error(share):
    """Down from the other side, pushed always or in half of the trials: .254."""
    pulses, grid = pulses_and_grid(-2.0, 2.0)
    device = Grains(20.0)
    found = llg.rare_errors(
        device,
        device.samples(),
        pulses,
        grid,
        key=jax.random.key(1),
        trials=3000,
        start=State.ANTIPARALLEL,
        share=share,
    )
    wanted = llg.write_error_rate(20.0, 2.0, 2.0)
    assert abs(found.rate[0] - wanted) < 3 * found.standard_error[0] + 0.02 * wanted


def test_too_few_trials_are_not_resolved():
    found = rare(Grains(20.0, number=5), 2.0, 4.0, trials=64)
    assert found.outcome == Outcome.not_resolved
    assert found.spin_steps > 64 * 5 * seconds(7.0) / DT


def test_what_it_cannot_do_it_says():
    with pytest.raises(ValueError, match="`share` must be"):
        rare(Grains(20.0), 2.0, 2.0, trials=10, share=0.0)


def split(device, overdrive, tau, **more):
    pulses, grid = pulses_and_grid(overdrive, tau)
    return llg.splitting_errors(
        device,
        device.samples(),
        pulses,
        grid,
        key=jax.random.key(0),
        integrator=llg.Integrator.CAYLEY,
        **more,
    )


def test_splitting_obeys_the_product_law():
    """Sixteen grains; populations too small for 2.7e-11 are told from the scatter."""
    device = Grains(20.0, number=16)
    found = split(device, 2.0, (1.6, 3.0), repetitions=8, particles=256)
    wanted = several(20.0, 2.0, 1.6, 16)
    # nine grains stay up, each with the bias of the time step
    distance = abs(found.rate[0, 0] - wanted)
    assert distance < 3 * found.standard_error[0, 0] + 0.05 * wanted
    assert np.all((found.outcome == Outcome.successful)[0] == jnp.array([True, False]))


def test_what_splitting_cannot_do_it_says():
    with pytest.raises(ValueError, match="`repetitions` must be >= 8"):
        split(Grains(20.0), 2.0, 2.0, repetitions=4)


@pytest.mark.slow
def test_coupled_grains_agree_with_plain_counts():
    """Nine grains with an exchange of 4 kT: the push knows nothing of it."""
    device = Grains(20.0, exchange=4.0, number=9)
    tau = (2.0, 2.6)
    pulses, grid = pulses_and_grid(2.0, tau)
    counted = llg.sweep(
        device,
        device.samples(),
        pulses,
        grid,
        observe=llg.Switched(),
        key=jax.random.key(2),
        trials=100_000,
        integrator=llg.Integrator.CAYLEY,
    )
    p = 1 - counted.switched / counted.trials
    for found in (rare(device, 2.0, tau, trials=8000), split(device, 2.0, tau)):
        error = np.sqrt(p * (1 - p) / counted.trials + found.standard_error**2)
        z = (found.rate - p) / error
        print(p, found.rate, found.standard_error, found.effective, z)
        assert np.all(np.abs(z) < 4)
