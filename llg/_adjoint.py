"""The adjoint of a block: its reverse mode, for any number of parameters."""

import math
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ._assemble import Assembled
from ._block import (
    advance_scored,
    advance_seen,
    advance_twice,
    initial,
    pairs_needed,
    Samples,
    thermal_of_two,
)
from ._fusion import computed_once
from ._simulate import gather
from ._step import start


def pullback(
    system: Assembled,
    samples: Samples,
    cotangent: tuple[Float[Array, " batch"], Float[Array, " batch"]],
    relaxation: Float[Array, ""] | None,
    steps: int,
    settle: int,
    axial: bool = False,
) -> tuple[Assembled, Samples]:
    """Cotangents of `cosines`, with states kept at about the square root of the steps.

    The segments between kept states are run again, one at a time, from last to first,
    with a state kept at every step. `cotangent` is that of the cosines and of the
    logarithms of the likelihood; the latter counts only where there is a `relaxation`.
    """
    seen = cotangent[0] if relaxation is None else cotangent
    narrow, system = system, _widened(system, samples)
    # In pairs of steps.
    length = math.isqrt((steps + settle) // 4) + 1
    segments = -(-((steps + settle + 3) // 2) // length)
    used = (pairs_needed(samples, settle) + length - 1) // length
    floats, _ = eqx.partition(samples, eqx.is_inexact_array)
    zeros = partial(jax.tree.map, jnp.zeros_like)
    m, nothing = initial(narrow, samples)[0], zeros(seen)

    def keep(index, carry):
        m, kept = carry
        put = lambda all, one: lax.dynamic_update_index_in_dim(all, one, index, 0)
        kept = jax.tree.map(put, kept, m)
        body = lambda k, state: advance_twice(
            narrow, samples, settle, state, index * length + k
        )
        m, _ = lax.fori_loop(0, length, body, (m, jnp.zeros_like(samples.voltage)))
        return m, kept

    kept = jax.tree.map(lambda x: jnp.zeros((segments, *x.shape), x.dtype), m)
    _, kept = lax.fori_loop(0, used, keep, (m, kept))

    def step(system, floats, m, k, xi):
        here, state = eqx.combine(floats, samples), (m, nothing)
        return advance_scored(system, here, settle, relaxation, axial, state, k, xi)

    @computed_once
    def undo(d_m, m, k, xi):
        # Of a trial that was lost after its end, whose cotangent is zero.
        m = jax.tree.map(lambda x: jnp.where(jnp.isnan(x), 0.5, x), m)
        _, pull = jax.vjp(partial(step, k=k, xi=xi), system, floats, m)
        return pull((d_m, seen))

    def back(i, carry):
        """A segment: all of its states, then their cotangents from last to first."""
        index = used - 1 - i
        take = lambda all: lax.dynamic_index_in_dim(all, index, 0, keepdims=False)
        pairs = index * length + jnp.arange(length)
        noise = lax.map(lambda p: jnp.stack(thermal_of_two(narrow, samples, p)), pairs)
        noise = noise.reshape(2 * length, *noise.shape[2:])
        k = 2 * index * length + jnp.arange(2 * length)
        ahead = lambda m, each: (
            advance_seen(narrow, samples, settle, (m, samples.voltage), *each)[0],
            m,
        )
        _, states = lax.scan(ahead, jax.tree.map(take, kept), (k, noise))

        def one(carry, each):
            d_m, d_system, d_floats = carry
            more_system, more_floats, d_m = undo(d_m, *each)
            add = partial(jax.tree.map, jnp.add)
            return (d_m, add(d_system, more_system), add(d_floats, more_floats)), None

        return lax.scan(one, carry, (states, k, noise), reverse=True)[0]

    carry = (zeros(m), zeros(system), zeros(floats))
    d_m, d_system, d_floats = lax.fori_loop(0, used, back, carry)
    _, pull = jax.vjp(
        lambda s: (_widened(s, samples), start(s, samples.key, samples.trial)), narrow
    )
    return pull((d_system, d_m))[0], d_floats


def _widened(system: Assembled, samples: Samples) -> Assembled:
    """What the steps of a single spin use of a system, once for each sample.

    Its derivatives then add up sample by sample, and are summed over them once, not in
    every step.
    """
    if system.alpha.shape[0] > 1:
        return system
    number = samples.trial.shape[0]
    of_spins = lambda s: (s.rotation, s.alpha, s.noise, s.torque, s.weight, s.circuit)
    of_space = lambda s: (s.matrix, s.bias, s.polariser)
    wide = lambda x: jnp.broadcast_to(x[..., None], (*x.shape, number))
    system = eqx.tree_at(of_spins, system, jax.tree.map(wide, of_spins(system)))
    spatial = [wide(x[..., None]) for x in of_space(system)]
    return eqx.tree_at(of_space, system, spatial)


def backward_block(mine, common, each, *, settle, steps, axial):
    """Cotangents of the system (summed over the block) and of each sample's pulse."""
    (system, keys), (pulses, order, trials, relaxation) = mine, common
    index, cotangent = each
    samples = gather(keys, pulses, order, trials, index)
    d_system, d_samples = pullback(
        system, samples, cotangent, relaxation, steps, settle, axial
    )
    return d_system, {name: getattr(d_samples, name) for name in pulses}
