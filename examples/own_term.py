"""Your own term: write its energy; its field is the derivative; sweeps take it as it is."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr

from mtjax import data, llg


jax.config.update("jax_enable_x64", True)


class Cubic(llg.AbstractTerm):
    """Cubic anisotropy along x, y and z: E = K V (mx^2 my^2 + my^2 mz^2 + mz^2 mx^2)."""

    linear: ClassVar[bool] = False  # its field is not an affine function of m
    k_c: data.Scalar = data.quantity("J/m^3", doc="cubic anisotropy")
    volume: data.Scalar = data.quantity("m^3", above=0, doc="volume")
    moment: data.Scalar = data.quantity("A m^2", above=0, doc="moment")

    def energy(self, m):
        x, y, z = m.T**2
        return jnp.sum(self.k_c * self.volume * (x * y + y * z + z * x))

    def field(self, m):
        return -jax.grad(self.energy)(m) / self.moment


class Device(eqx.Module):
    """A macrospin of the presets with the new term."""

    magnet: llg.Macrospin
    k_c: data.Scalar = data.quantity("J/m^3", doc="cubic anisotropy")

    def system(self, sample):
        system = self.magnet.system(sample)
        volume = self.magnet.side**2 * self.magnet.thickness
        term = Cubic(k_c=self.k_c, volume=volume, moment=system.moment[0])
        return eqx.tree_at(lambda s: s.terms, system, (*system.terms, term))

    def check(self, sample):
        self.magnet.check(sample)


def switched(k_c: float) -> float:
    """Share of 1,000 trials that switch within a pulse of 1.2 V and 6 ns."""
    device = Device(llg.presets.stt_mram(), k_c=k_c)
    pulses = llg.Pulses.product(voltage=1.2, width=6e-9)
    counts = llg.sweep(
        device,
        device.magnet.samples(1),
        pulses,
        llg.TimeGrid(dt=1e-12, steps=6_000),
        observe=llg.Switched(),
        key=jr.key(0),
        trials=1_000,
    )
    return float(counts.switched[0]) / 1_000


if __name__ == "__main__":
    for k_c in (-5e4, 0.0, 5e4):
        print(f"K_c = {k_c:8.0f} J/m^3: P_sw = {switched(k_c):.3f}")
