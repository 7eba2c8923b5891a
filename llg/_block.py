"""A block: some samples of one system, stepped together.

A sample is one trial of one pulse. The batch of samples is the last axis of every array.
"""

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, UInt32

from ._assemble import Assembled
from ._junction import Source
from ._score import shift
from ._step import advance, draws, over_batch, start, torque


class Samples(eqx.Module):
    """The samples of a block; the last axis is the batch. Times in steps."""

    voltage: Float[Array, "*batch"]  # of the source [V]
    rise: Float[Array, "*batch"]
    fall: Float[Array, "*batch"]
    end: Float[Array, "*batch"]  # end of the falling edge
    # Of the steps during the pulse: 1, for a derivative, or None.
    stretch: Float[Array, "*batch"] | None
    key: UInt32[Array, "2 *batch"]
    trial: UInt32[Array, "*batch"]


def source_voltage(system: Assembled, samples: Samples, step: Array, settle: int) -> Array:
    """Source voltage in a step: edges at its middle, an abrupt end at its start."""
    begin = step.astype(samples.voltage.dtype) - settle
    started, end, height = begin >= 0, samples.end, samples.voltage
    last = True
    if system.waveform is not None:
        extra = system.waveform.extra()
        end = end - extra
        middle = jnp.broadcast_to(begin + 0.5, end.shape)
        start, factor = system.waveform.place(middle, end)
        begin, height, last = begin - start, height * factor, start >= extra
    # Its inverse is that of no step: XLA takes it out of the loop.
    ratio = lambda x, width: x * (1 / jnp.where(width > 0, width, 1.0))
    up = jnp.clip(ratio(begin + 0.5, samples.rise), 0.0, 1.0)
    up = jnp.where(samples.rise > 0, up, 1.0)
    down = jnp.clip(ratio(end - begin - 0.5, samples.fall), 0.0, 1.0)
    # Where the state is interpolated at the end of a pulse, the step is a whole one; an
    # end before takes its share of the step.
    abrupt = jnp.where(last, (begin <= end).astype(down.dtype), jnp.clip(end - begin, 0, 1))
    down = jnp.where(samples.fall > 0, down, abrupt)
    return jnp.where(started, height * up * down, 0.0)


def glimpse(samples: Samples, step: Array, settle: int, cosine: Array) -> Array:
    """What the state at `step` adds to the linear interpolation at the pulse's end."""
    away = step.astype(samples.end.dtype) - settle - samples.end
    # Not `abs`, whose derivative at 0 is 1: where a pulse ends on a step, the ties of
    # `maximum` give the mean of both sides.
    distance = jnp.maximum(away, -away)
    hat = jnp.maximum(1 - distance, 0.0)
    # What becomes of a trial after its end, NaN maybe, is not seen.
    return jnp.where(distance <= 1, hat * cosine, 0.0)


def advance_seen(system: Assembled, samples: Samples, settle: int, state, step, xi):
    """One step of all samples; adds to the mean cosine seen at the end of the pulse."""
    m, seen = state
    m, cosine = advance(system, m, source_voltage(system, samples, step, settle), xi)
    return m, seen + glimpse(samples, step, settle, cosine)


def advance_twice(system: Assembled, samples: Samples, settle: int, state, pair):
    """The steps `2 * pair` and the next, which share their counters."""
    for half, xi in enumerate(thermal_of_two(system, samples, pair)):
        state = advance_seen(system, samples, settle, state, 2 * pair + half, xi)
    return state


def thermal_of_two(system: Assembled, samples: Samples, pair) -> tuple[Array, Array]:
    """Normals of two steps, three for each spin, shape `(3 * spins, batch)`."""
    spins, slot = system.alpha.shape[0], pair.astype(jnp.uint32) + 1
    return draws(samples.key, samples.trial, slot, spins, system.noise.dtype)


def thermal(system: Assembled, samples: Samples, step) -> Array:
    """The normals of one step."""
    even, odd = thermal_of_two(system, samples, step // 2)
    return jnp.where(step % 2 == 0, even, odd)


def advance_scored(
    system: Assembled, samples: Samples, settle: int, relaxation, axial, state, step, xi
):
    """As `advance_seen`; with a `relaxation`, the tangent turns into a likelihood.

    Its logarithm then stands beside the mean cosine seen.
    """
    if relaxation is None:
        return advance_seen(system, samples, settle, state, step, xi)
    m, (seen, score) = state
    source = source_voltage(system, samples, step, settle)
    left = lax.stop_gradient(samples.end) + settle - step.astype(seen.dtype)
    if samples.stretch is not None:
        system = _stretched(system, jnp.where(step >= settle, samples.stretch, 1.0))
    # All that is left of the tangent goes before the pulse is over.
    rate = jnp.clip(1 / jnp.maximum(left - 1, 1), relaxation, 1.0)
    change, likelihood, voltage = shift(system, m, source, rate, xi, axial)
    m, cosine = advance(system, m, source, xi, change, voltage)
    seen = seen + glimpse(samples, step, settle, cosine)
    # What happens after the pulse is not seen.
    return m, (seen, score + jnp.where(left > 0, likelihood, 0.0))


def _stretched(system: Assembled, factor) -> Assembled:
    """The same with time steps that are longer by a factor."""
    factor = factor[None]
    return eqx.tree_at(
        lambda s: (s.rotation, s.noise),
        system,
        (
            over_batch(system.rotation) * factor,
            over_batch(system.noise) * lax.rsqrt(factor),
        ),
    )


def initial(system: Assembled, samples: Samples):
    return start(system, samples.key, samples.trial), jnp.zeros_like(samples.voltage)


def pairs_needed(samples: Samples, settle: int) -> Array:
    """Pairs of steps until the last pulse of the block has been seen to its end."""
    return (settle + jnp.floor(jnp.max(samples.end)).astype(jnp.int32) + 3) // 2


def cosines(system: Assembled, samples: Samples, settle: int) -> Float[Array, " batch"]:
    """Area-averaged cosine of the free layer at the end of each sample's pulse."""
    body = lambda pair, state: advance_twice(system, samples, settle, state, pair)
    last = pairs_needed(samples, settle)
    return lax.fori_loop(0, last, body, initial(system, samples))[1]


def watched(
    system: Assembled, samples: Samples, settle: int
) -> tuple[Float[Array, " batch"], Float[Array, " batch"], Float[Array, " batch"]]:
    """`cosines`, when the cosine changed its sign, and what the source gave.

    - First step of the pulse at which the sign had changed; infinite where that did not
      happen by the end of the pulse.
    - Sum of the power of the source over the steps of the pulse [W].

    Both are NaN where the cosine is.
    """

    def body(pair, carry):
        for half, xi in enumerate(thermal_of_two(system, samples, pair)):
            carry = one(2 * pair + half, carry, xi)
        return carry

    def one(step, carry, xi):
        state, when, power = carry
        elapsed = (step - settle).astype(when.dtype)
        source = source_voltage(system, samples, step, settle)
        _, cosine, voltage = torque(system, state[0], source)
        past = (cosine * system.sign < 0) & (elapsed >= 0) & (elapsed <= samples.end)
        when = jnp.where(past, jnp.minimum(when, elapsed), when)
        # The last step counts as far as the pulse reaches into it.
        share = jnp.where(elapsed >= 0, jnp.clip(samples.end - elapsed, 0.0, 1.0), 0.0)
        current = system.circuit.current(cosine, voltage)
        across = voltage if system.circuit.source is Source.CURRENT else source
        state = advance_seen(system, samples, settle, state, step, xi)
        return state, when, power + jnp.where(share > 0, share * across * current, 0.0)

    never = jnp.full_like(samples.voltage, jnp.inf)
    begin = (initial(system, samples), never, jnp.zeros_like(never))
    last = pairs_needed(samples, settle)
    (_, seen), *found = lax.fori_loop(0, last, body, begin)
    when, power = (jnp.where(jnp.isnan(seen), jnp.nan, x) for x in found)
    return seen, when, power
