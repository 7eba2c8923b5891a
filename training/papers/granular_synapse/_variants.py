"""Junctions with an ingredient taken away."""

import equinox as eqx
import jax.numpy as jnp

from .... import llg


class WithoutDipoles(eqx.Module):
    """A granular junction whose spins do not feel each other's stray fields.

    Each keeps its own demagnetisation.
    """

    device: llg.GranularJunction

    def system(self, grains: llg.Microstructure) -> llg.System:
        """The spins of one draw."""
        system = self.device.system(grains)
        at = next(
            i for i, t in enumerate(system.terms) if isinstance(t, llg.Demagnetisation)
        )
        own = jnp.eye(system.moment.shape[0])[..., None, None]
        return eqx.tree_at(
            lambda s: s.terms[at].tensor, system, replace_fn=lambda t: t * own
        )

    def check(self, grains: llg.Microstructure) -> None:
        """As the junction does."""
        self.device.check(grains)


class RigidGrains(eqx.Module):
    """One spin a grain with the column's moment and anisotropy, all couplings off.

    Fed without a series resistance, so that its grains are independent: the number that
    reverses follows the Poisson-binomial law.
    """

    device: llg.GranularJunction

    def system(self, grains: llg.Microstructure) -> llg.System:
        """The spins of one draw."""
        full = self.device.system(grains)
        number = grains.fraction.shape[-1]
        uniaxial = next(t for t in full.terms if isinstance(t, llg.Uniaxial))
        soft, hard = full.moment[:number], full.moment[number:]
        moment = soft + hard
        energy = uniaxial.k_u * uniaxial.volume
        thickness = self.device.soft.thickness + self.device.grain.thickness
        # Only what is left of the intrinsic anisotropy by a film's demagnetisation holds.
        m_s = moment / (self.device.side**2 * grains.fraction * thickness)
        volume = moment / m_s
        kept = energy[:number] + energy[number:] - 2e-7 * jnp.pi * m_s**2 * volume
        up = jnp.broadcast_to(jnp.array([0.0, 0.0, 1.0]), (number, 3))
        circuit = eqx.tree_at(lambda c: c.series_resistance, full.circuit, jnp.zeros(()))
        return llg.System(
            terms=(
                llg.Uniaxial(
                    k_u=kept / volume, volume=volume, moment=moment, axis=up, effective=True
                ),
            ),
            circuit=circuit,
            moment=moment,
            alpha=(full.alpha[:number] * soft + full.alpha[number:] * hard) / moment,
            torque=full.torque[:number] * soft / moment,
            weight=full.weight[:number],
            polariser=full.polariser,
            temperature=full.temperature,
        )

    def check(self, grains: llg.Microstructure) -> None:
        """As the junction does."""
        self.device.check(grains)
