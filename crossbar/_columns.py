import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Num

from ..data import Scalar
from ._converters import ADC


class ColumnCurrents(eqx.Module):
    """Currents of a differential pair's columns, and what a converter makes of them.

    - `signal`: positive minus negative, shape `(n,)` [A].
    - `common`: their mean, which carries nothing and must be converted all the same,
      shape `(n,)` [A].
    - `headroom`: largest signal that the converter's range still holds above the common
      current, over the range [1]: 1 without common current, below 0 where it clips.
    """

    signal: Float[Array, " n"]
    common: Float[Array, " n"]
    headroom: Scalar


def column_currents(
    positive: Float[Array, " n"], negative: Float[Array, " n"], adc: ADC
) -> ColumnCurrents:
    """Signal, common mode and headroom of columns that are converted one by one [A]."""
    common = (positive + negative) / 2
    headroom = (adc.high - jnp.max(common)) / (adc.high - adc.low)
    return ColumnCurrents(positive - negative, common, headroom)


def pair_currents(
    voltages: Float[Array, "*batch m"],
    positive: Float[Array, "m n"],
    negative: Float[Array, "m n"],
) -> Float[Array, "*batch n"]:
    """Differences of the currents of each pair's columns, without wires [A]."""
    return voltages @ (positive - negative)


def offset_levels(numbers: Num[Array, "m n"], levels: int) -> Num[Array, "m n+1"]:
    """Levels of signed numbers in single cells, with a reference column behind them.

    Numbers from `-(levels - 1) // 2` to `levels // 2` are held above the middle level;
    the last column holds the middle level only.
    """
    middle = (levels - 1) // 2
    reference = jnp.full((numbers.shape[0], 1), middle, numbers.dtype)
    return jnp.concatenate([numbers + middle, reference], 1)


def take_reference(currents: Float[Array, " columns"]) -> Float[Array, " columns-1"]:
    """Currents of the columns less that of the reference column, the last one [A]."""
    return currents[:-1] - currents[-1]
