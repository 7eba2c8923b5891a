"""A magnet whose barriers are near 10 kT, and how often it escapes by brute force."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy import constants

import mtjax.llg as llg


GAMMA = constants.physical_constants["electron gyromag. ratio"][0]
KT = constants.k * 300.0
B_K, DELTA, ALPHA = 1.0, 40.0, 0.1
RATE = ALPHA * GAMMA * B_K / (1 + ALPHA**2)  # reduced time per second
X, Z = jnp.array([1.0, 0.0, 0.0]), jnp.array([0.0, 0.0, 1.0])


class Magnet(eqx.Module):
    """Spins of one anisotropy field and axis, with a hard axis and exchange."""

    delta: jax.Array = eqx.field(default_factory=lambda: jnp.array([DELTA]))
    alpha: jax.Array = eqx.field(default_factory=lambda: jnp.asarray(ALPHA))
    b: jax.Array = eqx.field(default_factory=lambda: jnp.zeros(3))
    axis: jax.Array = eqx.field(default_factory=lambda: Z)
    hard: jax.Array = eqx.field(default_factory=lambda: X)
    strength: jax.Array = eqx.field(converter=jnp.asarray, default=0.0)
    exchange: jax.Array = eqx.field(converter=jnp.asarray, default=0.0)  # over k T

    def system(self, sample=None):
        spins = self.delta.shape[0]
        energy, volume, one = KT * self.delta, jnp.ones(spins), jnp.asarray(1.0)
        moment = 2 * energy / B_K
        each = lambda v: jnp.tile(v, (spins, 1))
        uniaxial = lambda k, axis: llg.Uniaxial(
            k_u=k, volume=volume, moment=moment, axis=each(axis)
        )
        terms = [
            uniaxial(energy, self.axis),
            uniaxial(-self.strength * energy, self.hard),
            llg.Zeeman(b=each(self.b), moment=moment),
        ]
        if spins == 2:
            bond, strength = jnp.array([[0, 1]]), KT * self.exchange[None]
            terms.append(llg.Exchange(bond, strength=strength, moment=moment))
        return llg.System(
            terms=tuple(terms),
            circuit=llg.Circuit(one, one, one, jnp.asarray(0.0)),
            moment=moment,
            alpha=jnp.broadcast_to(self.alpha, (spins,)),
            torque=jnp.zeros(spins),
            weight=jnp.full(spins, 1 / spins),
            polariser=self.axis,
            temperature=300.0,
        )

    def check(self, grains):
        """Any draw will do."""


def over(magnet, *, flip=None, steps=200):
    """The rates between the two states along the axis."""
    spins = magnet.delta.shape[0]
    start = jnp.tile(magnet.axis, (spins, 1))
    turned = jnp.ones(spins, bool) if flip is None else jnp.asarray(flip)
    end = jnp.where(turned[:, None], -start, start)
    system = magnet.system()
    return llg.escape_over(system, llg.barrier(system, start, end, steps=steps))


def escapes(magnet, found, *, stiffness, trials=1000, step=0.05, share=0.3):
    """Rate out of the first state [1/s] and its standard error, by the LLG itself.

    The share of trials in the other well at the end of a time of `share` lifetimes,
    p = k1 / (k1 + k2) (1 - exp(-(k1 + k2) t)), solved for k1 at the ratio k1 / k2 of
    `found`, which equilibrium fixes.
    """
    one, both = (float(x) for x in (found.rate[0], jnp.sum(found.rate)))
    time, dt = share / one, step / GAMMA / stiffness
    pulses = llg.Pulses.product(voltage=jnp.array([0.0]), width=jnp.array([time]))
    grid = llg.TimeGrid(dt=dt, steps=math.ceil(time / dt) + 2, settle=2000)
    sample = llg.Microstructure(
        centre=jnp.full((1, 1, 2), 0.5),
        fraction=jnp.ones((1, 1)),
        bonds=jnp.zeros((1, 1, 2), jnp.int32),
        boundary=jnp.zeros((1, 1)),
        distance=jnp.ones((1, 1)),
        anisotropy=jnp.zeros((1, 1)),
        area=jnp.zeros((1, 1)),
    )
    counted = llg.sweep(
        magnet,
        sample,
        pulses,
        grid,
        observe=llg.Switched(),
        key=jax.random.key(0),
        trials=trials,
    )
    p = float(np.asarray(counted.switched).sum()) / trials
    left = 1 - p * both / one
    rate = -math.log(left) * one / both / time
    return rate, math.sqrt(p * (1 - p) / trials) / left / time
