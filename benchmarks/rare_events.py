"""Rare write errors: against the Fokker-Planck equation, and what they cost.

One spin at 1e-4, 1e-6 and 1e-9, by steps of gamma B dt = 0.1 and 0.05 and extrapolated;
uncoupled grains against the product law; coupled ones by two independent ways. Spin-steps
are those for a standard error of 10 %; those of plain counts are (1 - P) / 0.01 P trials
without settling.
"""

import platform
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy import constants

from mtjax import data, llg


jax.config.update("jax_enable_x64", True)

GAMMA = constants.physical_constants["electron gyromag. ratio"][0]
ALPHA, TEMPERATURE, SETTLE = 0.1, 300.0, 3.0
RATE = ALPHA * GAMMA / (1 + ALPHA**2)  # reduced time per second at B_k = 1 T


class Ring(eqx.Module):
    """Grains of one spin, B_k = 1 T, with exchange to the next; a volt drives by i = 1."""

    delta: jax.Array = eqx.field(converter=jnp.asarray)
    exchange: jax.Array = eqx.field(converter=jnp.asarray)  # over k T
    number: int = eqx.field(static=True)

    def system(self, sample):
        """All its spins."""
        n, one, thermal = self.number, jnp.asarray(1.0), constants.k * TEMPERATURE
        energy = thermal * jnp.full(n, self.delta)
        moment = 2 * energy
        bonds = jnp.stack([jnp.arange(n), (jnp.arange(n) + 1) % n], 1)
        strength = jnp.full(n, thermal * self.exchange * (n > 1))
        axis = jnp.tile(jnp.array([[0.0, 0.0, 1.0]]), (n, 1))
        return llg.System(
            terms=(
                llg.Uniaxial(k_u=energy, volume=jnp.ones(n), moment=moment, axis=axis),
                llg.Exchange(bonds, strength=strength, moment=moment),
            ),
            circuit=llg.Circuit(one, one, one, jnp.asarray(0.0)),
            moment=moment,
            alpha=jnp.full(n, ALPHA),
            torque=jnp.full(n, ALPHA),
            weight=jnp.full(n, 1 / n),
            polariser=axis[0],
            temperature=TEMPERATURE,
        )

    def samples(self):
        """One draw of this many equal grains."""
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


def run(function, ring, overdrive, tau, step, key, **more):
    """The statistic of one pulse, and the seconds it took with its compilation."""
    dt = step / GAMMA
    grid = llg.TimeGrid(
        dt=dt, steps=int(tau / RATE / dt) + 2, settle=int(SETTLE / RATE / dt)
    )
    pulses = llg.Pulses.product(voltage=overdrive, width=tau / RATE)
    begin = time.perf_counter()
    found = function(
        ring,
        ring.samples(),
        pulses,
        grid,
        key=jax.random.key(key),
        dtype=jnp.float32,
        **more,
    )
    return jax.block_until_ready(found), time.perf_counter() - begin


def needed(found):
    """Spin-steps for a standard error of 10 %."""
    relative = float(found.standard_error[0] / found.rate[0])
    return found.spin_steps * (relative / 0.1) ** 2


def several(delta, overdrive, tau, number, cells=4000):
    """Probability that the mean of `number` independent m_z is positive."""
    start = llg.axial_well(delta, modes=161)
    end = llg.axial_evolve(start, delta, -overdrive, tau)
    p = -np.diff(jax.vmap(end.above)(jnp.linspace(-1, 1, cells + 1)))
    total = np.fft.irfft(np.fft.rfft(p, number * cells) ** number, number * cells)
    sums = 2 * np.arange(number * cells) + number - number * cells
    return total[sums > 0].sum() + total[sums == 0].sum() / 2


def one_spin():
    """Two steps and their extrapolation, whose error is that of 2 P(h / 2) - P(h)."""
    print("one spin: rates over that of the Fokker-Planck equation +- standard error")
    for name in ("HEUN", "CAYLEY"):
        integrator = llg.Integrator[name]
        for delta, i, tau in ((40.0, 2.0, 6.0), (20.0, 2.0, 8.0), (60.0, 3.0, 6.0)):
            exact = float(llg.write_error_rate(delta, i, tau))
            ring, ratios = Ring(delta, 0.0, 1), []
            for key, step in enumerate((0.1, 0.05)):
                more = {"trials": 4000, "integrator": integrator}
                found, _ = run(llg.rare_errors, ring, i, tau, step, key, **more)
                rate, error = (
                    float(x[0]) / exact for x in (found.rate, found.standard_error)
                )
                ratios.append((rate, error))
            (a, da), (b, db) = ratios
            steps = tau / RATE * GAMMA / 0.05
            print(
                f"{name:7s} Delta {delta:g} i {i:g} tau {tau:g}  P {exact:.3e}  "
                f"dt .1: {a:.3f}+-{da:.3f}  .05: {b:.3f}+-{db:.3f}  "
                f"both: {2 * b - a:.3f}+-{np.hypot(2 * db, da):.3f}  "
                f"spin-steps {needed(found):.1e}, counting {100 * steps / exact:.1e}",
                flush=True,
            )


def grains(number, exchange, tau, *, trials, particles=256):
    """Importance sampling and splitting of a ring of grains."""
    ring = Ring(20.0, exchange, number)
    cayley = llg.Integrator.CAYLEY
    print(f"{number} grains, exchange {exchange:g} kT, Delta 20, i 2, tau {tau:g}")
    if exchange == 0:
        print(f"  product law          {several(20.0, 2.0, tau, number):.3e}")
    for name, function, more in (
        ("importance sampling", llg.rare_errors, {"trials": trials}),
        ("splitting", llg.splitting_errors, {"particles": particles}),
    ):
        found, seconds = run(function, ring, 2.0, tau, 0.05, 0, integrator=cayley, **more)
        print(
            f"  {name:20s} {found.rate[0]:.3e} +- {found.standard_error[0]:.1e}, "
            f"effective {found.effective[0]:.0f}, "
            f"{'resolved' if found.outcome == data.Outcome.successful else 'NOT resolved'}"
            f", {found.spin_steps:.1e} spin-steps, {seconds:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    print(platform.processor() or platform.machine(), jax.__version__)
    one_spin()
    for number, tau in ((5, 3.0), (5, 4.0), (16, 2.0), (16, 3.0)):
        grains(number, 0.0, tau, trials=20_000)
    for exchange in (2.0, 6.0):
        for tau in (2.0, 2.5, 3.0):
            grains(9, exchange, tau, trials=20_000)
