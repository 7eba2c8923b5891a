import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray


def fast_normal(key: PRNGKeyArray, shape: tuple[int, ...]) -> Float[Array, "..."]:
    """Nearly normal numbers, in single precision, several times faster than `jax.random`.

    Each is the sum of the eight bytes of two hashed counters: mean 0, variance 1, excess
    kurtosis -0.15, and never beyond 4.9. Good for noise that a training is to withstand,
    not for a measurement.
    """
    first, second = jr.key_data(key).ravel()[:2]
    counter = jnp.arange(int(np.prod(shape)), dtype=jnp.uint32).reshape(shape)
    word = _mix(counter ^ first) + second
    total = _bytes(_mix(word)) + _bytes(_mix(word ^ jnp.uint32(0x9E3779B9)))
    # eight uniform integers from 0 to 255
    deviation = np.float32(np.sqrt(8 * (256**2 - 1) / 12))
    return (total.astype(jnp.float32) - np.float32(8 * 255 / 2)) / deviation


def _mix(x: Array) -> Array:
    """A permutation of 32-bit words whose every bit depends on all (Wellons 2018)."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x21F0AAAD)
    x = (x ^ (x >> 15)) * jnp.uint32(0xD35A2D97)
    return x ^ (x >> 15)


def _bytes(x: Array) -> Array:
    """Sum of the four bytes of a word."""
    pairs = (x & jnp.uint32(0x00FF00FF)) + ((x >> 8) & jnp.uint32(0x00FF00FF))
    total = (pairs & jnp.uint32(0xFFFF)) + (pairs >> 16)
    return jax.lax.bitcast_convert_type(total, jnp.int32)
