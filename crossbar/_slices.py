import enum
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ._converters import ADC


class Coding(enum.Enum):
    """How cells, which only add, hold signed numbers."""

    PAIRS = "a positive and a negative column for each output"
    OFFSET = "half the range is added to each number and taken off by a reference column"


def slice_weights(
    weights: Int[Array, "m n"], weight_bits: int, cell_bits: int, coding: Coding
) -> Int[Array, "slices sides m n"]:
    """Levels of cells that hold signed integers of `weight_bits` bits, lowest slice first.

    With `Coding.PAIRS` there are two sides, the magnitudes of positive and of negative
    numbers, of `weight_bits - 1` bits; with `Coding.OFFSET` one, of
    `weights + 2**(weight_bits - 1)`.
    """
    if cell_bits < 1 or weight_bits < 2:
        raise ValueError(
            "`cell_bits` must be at least 1 and `weight_bits` at least 2, "
            f"got {cell_bits} and {weight_bits}."
        )
    top = 2 ** (weight_bits - 1)
    low = 1 - top if coding is Coding.PAIRS else -top
    _check_range("weights", weights, low, top - 1, f"{weight_bits} bits")
    if coding is Coding.PAIRS:
        sides = jnp.stack([jnp.maximum(weights, 0), jnp.maximum(-weights, 0)])
    else:
        sides = (weights + top)[None]
    bits = weight_bits - 1 if coding is Coding.PAIRS else weight_bits
    shifts = np.arange(0, bits, cell_bits)
    return jnp.stack([(sides >> int(s)) & (2**cell_bits - 1) for s in shifts])


def join_slices(
    slices: Int[Array, "slices sides m n"],
    weight_bits: int,
    cell_bits: int,
    coding: Coding,
) -> Int[Array, "m n"]:
    """The inverse of `slice_weights`."""
    shifts = cell_bits * jnp.arange(len(slices))[:, None, None, None]
    whole = jnp.sum(slices << shifts, 0)
    if coding is Coding.PAIRS:
        return whole[0] - whole[1]
    return whole[0] - 2 ** (weight_bits - 1)


def input_bits(x: Int[Array, " m"], bits: int) -> Int[Array, "bits m"]:
    """Planes of an unsigned input, one pulse each, lowest bit first."""
    _check_range("x", x, 0, 2**bits - 1, f"{bits} bits, unsigned")
    return jnp.stack([(x >> k) & 1 for k in range(bits)])


def exact_bits(rows: int, cell_bits: int) -> int:
    """Converter bits that hold every count of a column of `rows` cells, one bit in."""
    return int(rows * (2**cell_bits - 1)).bit_length()


def integer_product(
    x: Int[Array, " m"],
    weights: Int[Array, "m n"],
    *,
    bits: int,
    weight_bits: int,
    cell_bits: int,
    coding: Coding,
    adc: ADC | None = None,
    column: Callable[[Array, Array], Array] = jnp.matmul,
) -> Float[Array, " n"]:
    """`x @ weights` as bit-serial inputs to bit-sliced cells, shifted and added.

    **Arguments:**

    - `x`, `weights`: Unsigned integers of `bits` bits, and signed ones.
    - `adc`: Converts the count of each column, slice and pulse; by default one that
        holds every count (`exact_bits`).
    - `column`: Counts of the columns for one pulse `(m,)` and one slice `(m, n)`: here
        an array's wires and spread come in.
    """
    slices = slice_weights(weights, weight_bits, cell_bits, coding)
    pulses = input_bits(x, bits)
    dtype = jnp.result_type(float)
    if adc is None:
        count = exact_bits(weights.shape[0], cell_bits)
        adc = ADC(count, low=0.0, high=float(2**count))
    total = jnp.zeros(weights.shape[1], dtype)
    for i, pulse in enumerate(pulses):
        drive = pulse.astype(dtype)
        for k, sides in enumerate(slices):
            counts = [adc(column(drive, side.astype(dtype))) for side in sides]
            value = counts[0] - counts[1] if coding is Coding.PAIRS else counts[0]
            total = total + value * 2.0 ** (i + cell_bits * k)
    if coding is Coding.OFFSET:  # the reference column counts the pulses of the input
        total = total - jnp.sum(x).astype(dtype) * 2.0 ** (weight_bits - 1)
    return total


def _check_range(name, x, low, high, what):
    try:
        values = np.asarray(x)
    except jax.errors.TracerArrayConversionError:  # the range is not known yet
        return
    if values.size and (values.min() < low or values.max() > high):
        raise ValueError(
            f"`{name}` must be from {low} to {high} ({what}), "
            f"got values from {values.min()} to {values.max()}."
        )
