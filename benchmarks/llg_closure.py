"""The granular closure beside Monte Carlo, as the exchange between grains grows.

    python benchmarks/llg_closure.py [--trials 4000]

Nine one-spin grains (Delta = 20 each, spread of 20 %), one pulse that switches about half
of them. Prints the mean level by both, the closure's error, and what the closure is worth
as a control variate, see `llg.controlled_mean`: by which factor fewer trials do.
"""

import argparse
import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from scipy import constants

import mtjax.llg as llg
from mtjax.data import quantity, Scalar


jax.config.update("jax_enable_x64", True)

GAMMA = constants.physical_constants["electron gyromag. ratio"][0]
GRAINS, DELTA, ALPHA = 9, 20.0, 0.1
COUPLINGS = (0.0, 0.003, 0.01, 0.03, 0.1)  # exchange field of each neighbour [T]


class Grains(eqx.Module):
    """Grains on a square lattice; anisotropy fields around 1 T."""

    coupling: Scalar = quantity("T", doc="exchange field of a neighbour")

    def system(self, grains: Any) -> llg.System:
        spread = jnp.linspace(0.8, 1.2, GRAINS)
        energy = DELTA * constants.k * 300 * spread
        moment = 2 * energy / spread
        axis = jnp.zeros((GRAINS, 3)).at[:, 2].set(1.0)
        side = round(GRAINS**0.5)
        pairs = itertools.combinations(range(GRAINS), 2)
        near = lambda i, j: abs(i // side - j // side) + abs(i % side - j % side) == 1
        bonds = jnp.array([pair for pair in pairs if near(*pair)])
        strength = self.coupling * jnp.mean(moment) * jnp.ones(len(bonds))
        one = jnp.asarray(1.0)
        return llg.System(
            terms=(
                llg.Uniaxial(k_u=energy, volume=jnp.ones(GRAINS), moment=moment, axis=axis),
                llg.Exchange(bonds, strength=strength, moment=moment),
            ),
            circuit=llg.Circuit(one, one, one, jnp.asarray(0.0)),
            moment=moment,
            alpha=ALPHA * jnp.ones(GRAINS),
            torque=ALPHA * jnp.ones(GRAINS),
            weight=jnp.ones(GRAINS) / GRAINS,
            polariser=axis[0],
            temperature=300.0,
        )

    def check(self, grains: Any) -> None:
        """Any draw will do."""


def draw() -> llg.Microstructure:
    """A draw of grains of equal size; their bonds are the device's."""
    zeros = jnp.zeros((1, GRAINS))
    return llg.Microstructure(
        centre=jnp.zeros((1, GRAINS, 2)),
        fraction=jnp.full((1, GRAINS), 1 / GRAINS),
        bonds=jnp.zeros((1, 1, 2), jnp.int32),
        boundary=jnp.zeros((1, 1)),
        distance=jnp.ones((1, 1)),
        anisotropy=zeros,
        area=zeros,
    )


def main():
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--trials", type=int, default=4000)
    trials = parser.parse_args().trials
    dt = 0.1 / GAMMA / 1.3
    width = 1.6 * (1 + ALPHA**2) / (ALPHA * GAMMA)
    pulses = llg.Pulses.product(voltage=2.0, width=width)
    grid = llg.TimeGrid(dt=dt, steps=int(width / dt) + 2, settle=400)
    print("coupling  Monte Carlo        closure    error     z   fewer trials")
    level = lambda found, mean: float(((mean - found.antiparallel) / window(found))[0])
    window = lambda found: found.parallel - found.antiparallel
    for coupling in COUPLINGS:
        device, free = Grains(coupling=coupling), Grains(coupling=0.0)
        how: dict[str, Any] = dict(key=jr.key(0), trials=trials)
        found = llg.sweep(device, draw(), pulses, grid, observe=llg.Level(), **how)
        closure = llg.granular_closure(device, draw(), pulses, modes=121).levels
        controlled = llg.controlled_mean(
            device, free, draw(), pulses, grid, modes=121, **how
        )
        mean, sampled = level(closure, closure.mean), level(found, found.mean)
        error = float((found.variance**0.5 / window(found))[0]) / trials**0.5
        fewer = float((controlled.plain / controlled.standard_error)[0]) ** 2
        print(
            f"{coupling:6.3f} T  {sampled:.4f} +- {error:.4f}  {mean:.4f}  "
            f"{mean - sampled:+.4f} {(mean - sampled) / error:+6.1f}  {fewer:.3g}"
        )


if __name__ == "__main__":
    main()
