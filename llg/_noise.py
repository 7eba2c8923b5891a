r"""Thermal noise as a counter: no state, no splitting, the same for any batching.

Threefry-2x32 with 20 rounds (J. K. Salmon et al., "Parallel random numbers: as easy as
1, 2, 3", SC11, 2011), then Box-Muller with polynomials for logarithm, sine and cosine,
which XLA fuses with the step. The quadrant is taken from the top bits.
"""

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, UInt32


_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def threefry(
    key: tuple[UInt32[Array, "..."], UInt32[Array, "..."]],
    counter: tuple[UInt32[Array, "..."], UInt32[Array, "..."]],
) -> tuple[UInt32[Array, "..."], UInt32[Array, "..."]]:
    """Two random words from two key words and two counter words."""
    parity = np.uint32(0x1BD11BDA)
    keys = (key[0], key[1], key[0] ^ key[1] ^ parity)
    x, y = counter[0] + keys[0], counter[1] + keys[1]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x = x + y
            y = (y << np.uint32(rotation)) | (y >> np.uint32(32 - rotation))
            y = x ^ y
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + np.uint32(group + 1)
    return x, y


def _minus_two_log(word, dtype):
    """-2 ln u for u uniform in (0, 1), from the top 23 bits of a word.

    u = (2 k + 1) / 2^24 is split into mantissa and exponent; polynomial of Cephes `logf`.
    """
    u = lax.bitcast_convert_type((word >> 9) | np.uint32(0x3F800000), jnp.float32)
    u = u - np.float32(1 - 2.0**-24)
    bits = lax.bitcast_convert_type(u, jnp.uint32)
    exponent = (bits >> 23).astype(jnp.int32) - 126
    mantissa = lax.bitcast_convert_type(
        (bits & np.uint32(0x007FFFFF)) | np.uint32(0x3F000000), jnp.float32
    )
    low = mantissa < np.float32(np.sqrt(0.5))
    exponent = exponent - low.astype(jnp.int32)
    x = jnp.where(low, mantissa + mantissa, mantissa) - np.float32(1)
    p = jnp.full_like(x, 7.0376836292e-2)
    for c in (
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    ):
        p = p * x + np.float32(c)
    log = x + x * x * (x * p - np.float32(0.5))
    log = log + exponent.astype(jnp.float32) * np.float32(np.log(2))
    return (np.float32(-2) * log).astype(dtype)


def _sine_cosine(word):
    """Sine and cosine of a uniform angle: quadrant from the top bits, then the rest."""
    signed = lax.bitcast_convert_type(word << 2, jnp.int32)
    x = signed.astype(jnp.float32) * np.float32(np.pi / 4 / 2**31)
    x2 = x * x
    sine = (
        (np.float32(-1.9515295891e-4) * x2 + np.float32(8.3321608736e-3)) * x2
        - np.float32(1.6666654611e-1)
    ) * x2 * x + x
    cosine = (
        (
            (np.float32(2.443315711809948e-5) * x2 - np.float32(1.388731625493765e-3)) * x2
            + np.float32(4.166664568298827e-2)
        )
        * x2
        * x2
        - np.float32(0.5) * x2
        + np.float32(1)
    )
    swap = (word >> 31) != 0
    sign = (word << 1) & np.uint32(0x80000000)
    flip = lambda v: lax.bitcast_convert_type(
        lax.bitcast_convert_type(v, jnp.uint32) ^ sign, jnp.float32
    )
    # Four quarter turns, each (-pi/4, pi/4) wide: (c, s), (-c, -s), (s, c), (-s, -c)
    # cover the circle once, up to a reflection that keeps the pair uniform.
    first, second = jnp.where(swap, sine, cosine), jnp.where(swap, cosine, sine)
    return flip(first), flip(second)


def normals(
    key: tuple[UInt32[Array, "..."], UInt32[Array, "..."]],
    counter: tuple[UInt32[Array, "..."], UInt32[Array, "..."]],
    dtype,
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Two independent standard normals from two key words and two counter words."""
    first, second = threefry(key, counter)
    radius = jnp.sqrt(_minus_two_log(first, jnp.float32))
    cosine, sine = _sine_cosine(second)
    # One complex result, not two real ones: XLA makes a loop for each result, and would
    # do all of the above in both.
    pair = lax.optimization_barrier(lax.complex(radius * cosine, radius * sine))
    return pair.real.astype(dtype), pair.imag.astype(dtype)
