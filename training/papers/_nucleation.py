"""Nucleation sites of a film, switched by spin-orbit torque without a field."""

import enum
from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy import constants

from ... import llg
from ...data import Pulses, quantity, Scalar, State
from ._card import Card


class Breaking(enum.Enum):
    """What decides which way a site falls when the pulse is over.

    - `ORANGE_PEEL`: a field along the current, of an in-plane layer with rough interfaces.
    - `INTERLAYER_DMI`: a field along the normal that has the sign of the current: that of
      an in-plane layer which the same pulse turns.
    - `TILTED`: an easy axis tilted towards the polarisation of the spins.
    """

    ORANGE_PEEL = "Neel orange-peel"
    INTERLAYER_DMI = "interlayer DMI"
    TILTED = "tilted anisotropy"


class Site(eqx.Module):
    """One site as a macrospin; `anisotropy` of a microstructure is its barrier's draw.

    The amplitude of a pulse is the damping-like field of the spin-orbit torque over the
    anisotropy field of the site itself. A positive one drives from `z` to `-z`. Sites do
    not feel each other; demagnetisation is in the barrier.
    """

    m_s: Scalar = quantity("A/m", above=0, doc="magnetisation")
    volume: Scalar = quantity("m^3", above=0, doc="volume")
    barrier: Scalar = quantity("1", above=0, doc="of the median site, over kT")
    spread: Scalar = quantity("1", lower=0, doc="standard deviation of ln of the barrier")
    alpha: Scalar = quantity("1", lower=0, doc="Gilbert damping")
    b_x: Scalar = quantity("T", default=0.0, doc="field along the current")
    b_z: Scalar = quantity("T", default=0.0, doc="field along the normal")
    tilt: Scalar = quantity("rad", default=0.0, doc="of the axis, towards the spins")
    temperature: Scalar = quantity("K", above=0, default=300.0, doc="temperature")

    @property
    def b_k(self) -> Float[Array, ""]:
        """Anisotropy field of the median site [T]."""
        thermal = constants.k * self.temperature
        return 2 * self.barrier * thermal / (self.m_s * self.volume)

    def system(self, sample: llg.Microstructure) -> llg.System:
        """One spin; the reference layer is along `z`."""
        factor = jnp.exp(self.spread * sample.anisotropy)
        volume = self.volume[None]
        moment = self.m_s * volume
        axis = jnp.stack([0 * self.tilt, jnp.sin(self.tilt), jnp.cos(self.tilt)])[None]
        k_u = self.b_k * self.m_s / 2 * factor
        b = jnp.stack([self.b_x, 0 * self.b_x, self.b_z])[None]
        torque = llg.SpinTorque(
            direction=jnp.array([0.0, 1.0, 0.0]),
            damping_like=self.b_k * factor,
            field_like=jnp.zeros(1),
            follows=llg.Follows.SOURCE,
        )
        ones = jnp.ones(())
        return llg.System(
            terms=(
                llg.Uniaxial(
                    k_u=k_u, volume=volume, moment=moment, axis=axis, effective=True
                ),
                llg.Zeeman(b=b, moment=moment),
            ),
            circuit=llg.Circuit(ones, ones, ones, 0 * ones),
            moment=moment,
            alpha=self.alpha[None],
            torque=jnp.zeros(1),
            weight=jnp.ones(1),
            polariser=jnp.array([0.0, 0.0, 1.0]),
            temperature=self.temperature,
            drives=(torque,),
        )

    def check(self, grains: llg.Microstructure) -> None:
        """Refuses draws of more than one spin."""
        if grains.grains != 1:
            raise ValueError(
                f"`microstructures` must be single sites, got {grains.grains} grains."
            )


def site(card: Card, breaking: Breaking | None) -> Site:
    """The site of the card with one of the three extra terms, or with none."""
    length = card.number("site.side", "m")
    match breaking:
        case Breaking.ORANGE_PEEL:
            extra = {"b_x": card.number("breaking.orange_peel", "T")}
        case Breaking.INTERLAYER_DMI:
            extra = {"b_z": -card.number("breaking.interlayer_dmi", "T")}
        case Breaking.TILTED:
            extra = {"tilt": card.number("breaking.tilt", "rad")}
        case None:
            extra = {}
    return Site(
        m_s=card.number("site.m_s", "A/m"),
        volume=length**2 * card.number("site.thickness", "m"),
        barrier=card.number("site.barrier"),
        spread=card.number("site.barrier_spread"),
        alpha=card.number("site.alpha"),
        temperature=card.number("site.temperature", "K"),
        **extra,
    )


def of_equal_strength(card: Card, breaking: Breaking) -> Site:
    """The site with an extra term of 37 Oe, as strong as the one that is known."""
    field = card.number("breaking.interlayer_dmi", "T")
    plain = site(card, None)
    match breaking:
        case Breaking.ORANGE_PEEL:
            return eqx.tree_at(lambda s: s.b_x, plain, jnp.asarray(field))
        case Breaking.INTERLAYER_DMI:
            return eqx.tree_at(lambda s: s.b_z, plain, jnp.asarray(-field))
        case Breaking.TILTED:
            return eqx.tree_at(lambda s: s.tilt, plain, jnp.arcsin(field / plain.b_k))


def with_draws(anisotropy: Float[np.ndarray, " sites"]) -> llg.Microstructure:
    """Sites with these draws of their barrier, as `llg.sweep` takes them."""
    number = len(anisotropy)
    empty = jnp.zeros((number, 0))
    return llg.Microstructure(
        jnp.full((number, 1, 2), 0.5),
        jnp.ones((number, 1)),
        jnp.zeros((number, 0, 2), int),
        empty,
        empty,
        jnp.asarray(anisotropy, float)[:, None],
        jnp.zeros((number, 1)),
    )


def flips(
    device: Site,
    draws: Float[np.ndarray, " sites"],
    ratios: Float[np.ndarray, " ratios"],
    card: Card,
    *,
    start: State,
    trials: int,
    key: Array,
    repeated: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Float[np.ndarray, "sites ratios"]:
    """Share of LLG trials that leave `start`, by draw of the barrier and amplitude.

    - `repeated`: pulses in a row, each with its own time to relax.
    """
    width, dt = card.number("pulse.width", "s"), card.number("pulse.dt", "s")
    heights = card.numbers("pulse.heights")
    counted = llg.sweep(
        device,
        with_draws(draws),
        Pulses.product(voltage=np.asarray(ratios), width=repeated * width),
        llg.TimeGrid(dt=dt, steps=round(repeated * width / dt) + 1),
        observe=llg.Switched(),
        key=key,
        trials=trials,
        start=start,
        waveform=llg.Sampled(values=jnp.asarray(heights + (repeated - 1) * heights[1:])),
        progress=progress,
    )
    return np.asarray(counted.switched / counted.trials)
