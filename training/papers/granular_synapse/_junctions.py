"""Variants of the granular junction, and how they are swept."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from .... import llg
from ....data import Levels, Pulses, State


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


def changed(device: llg.GranularJunction, **values: Any) -> llg.GranularJunction:
    """The junction with other values; `soft__a_ex` is a value of the soft layer."""
    for name, value in values.items():
        part, _, field = name.rpartition("__")
        if field == "split":
            soft = dataclasses.replace(device.soft, split=value)
            device = eqx.tree_at(lambda d: d.soft, device, soft)
            continue
        at = lambda d, part=part, field=field: getattr(
            getattr(d, part) if part else d, field
        )
        device = eqx.tree_at(at, device, jnp.asarray(value, float))
    return device


def sweep(
    device: Any,
    draws: llg.Microstructure,
    voltages: Float[np.ndarray, " voltages"],
    widths: Float[np.ndarray, " widths"],
    *,
    dt: float,
    trials: int,
    key: PRNGKeyArray,
    start: State = State.PARALLEL,
    waveform: llg.Sampled | None = None,
    progress: Any = None,
) -> Levels:
    """Levels after every pulse; from antiparallel the voltages are negative."""
    sign = 1 if start is State.PARALLEL else -1
    return llg.sweep(
        device,
        draws,
        Pulses.product(voltage=sign * np.asarray(voltages), width=np.asarray(widths)),
        llg.TimeGrid(dt=dt, steps=round(float(np.max(widths)) / dt) + 1),
        observe=llg.Level(),
        key=key,
        trials=trials,
        start=start,
        waveform=waveform,
        progress=progress,
    )


def fractions(levels: Levels) -> tuple[np.ndarray, np.ndarray]:
    """Reversed part, mean and deviation over the cycles, `(device, voltage, width)`."""
    wide = lambda x: np.asarray(x)[:, None, None]
    span = wide(levels.parallel) - wide(levels.antiparallel)
    level = (np.asarray(levels.mean) - wide(levels.antiparallel)) / span
    part = 1 - level if levels.start is State.PARALLEL else level
    return part, np.sqrt(np.asarray(levels.variance)) / span


def draw(device: llg.GranularJunction, number: int, key: Array) -> llg.Microstructure:
    """Fresh tessellations."""
    return llg.microstructures(device, number, key=key)


def grain_energies(device: llg.GranularJunction, draws: llg.Microstructure) -> np.ndarray:
    """K V of each grain over kT, `(device, grains)`, without dipoles or exchange."""

    def one(grains):
        system = device.system(grains)
        uniaxial = next(t for t in system.terms if isinstance(t, llg.Uniaxial))
        return (uniaxial.k_u * uniaxial.volume)[-grains.fraction.shape[-1] :]

    thermal = 1.380649e-23 * float(device.temperature)
    return np.asarray(jax.lax.map(one, draws)) / thermal
