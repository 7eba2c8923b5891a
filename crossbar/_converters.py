import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from ..data import quantity, Scalar


class DAC(eqx.Module):
    """A digital-to-analog converter: `2**bits` values from `low` to `high`, both reached.

    `bits=None` is the ideal converter, which passes everything.
    """

    bits: int | None = eqx.field(static=True, default=None)
    low: Scalar = quantity("1", default=0.0, doc="lowest value, in units of the input")
    high: Scalar = quantity("1", default=1.0, doc="highest value, in units of the input")

    def __check_init__(self):
        _check_bits(self.bits)

    @property
    def step(self) -> Scalar:
        """Distance of two codes; of an ideal converter 0."""
        return (self.high - self.low) * _steps(self.bits, -1)

    def codes(self, x: Float[Array, "..."]) -> Int[Array, "..."]:
        """The integers that stand for `x`, from 0 to `2**bits - 1`."""
        return _codes(x, self.low, self.step, self.bits)

    def clipped(self, x: Float[Array, "..."]) -> Scalar:
        """Fraction of `x` outside the range."""
        return _clipped(x, self.low, self.high, self.bits)

    def __call__(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """The value nearest to `x`, with the derivative of clipping (straight-through)."""
        return _convert(x, self.low, self.high, self.step, self.bits)


class ADC(eqx.Module):
    """An analog-to-digital converter: `2**bits` steps of (`high` - `low`) / `2**bits`.

    Mid-tread: `low` is code 0, so a signed range, `low == -high`, has an exact zero, and
    with `low == 0`, `high == 2**bits` counts are exact. `high` itself is one step above
    the last code. `bits=None` is the ideal converter, which passes everything.
    """

    bits: int | None = eqx.field(static=True, default=None)
    low: Scalar = quantity("1", default=0.0, doc="value of code 0, in the input's unit")
    high: Scalar = quantity("1", default=1.0, doc="end of the range, in the input's unit")
    gain_error: Scalar = quantity("1", default=0.0, doc="relative error of the gain")
    offset: Scalar = quantity("1", default=0.0, doc="added to the input, in its unit")
    nonlinearity: Scalar = quantity(
        "1", default=0.0, doc="integral nonlinearity: height of a bow, in steps"
    )

    def __check_init__(self):
        _check_bits(self.bits)

    @property
    def step(self) -> Scalar:
        """Distance of two codes; of an ideal converter 0."""
        return (self.high - self.low) * _steps(self.bits, 0)

    def received(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        r"""The input as the comparators see it.

        $(1 + \epsilon) x + o + 4 h s u (1 - u)$, $u$ the place in the range from 0 to 1
        and $s$ a step: offset, gain error and a bow of $h$ steps, all 0 by default.
        """
        place = jnp.clip((x - self.low) / (self.high - self.low), 0, 1)
        bow = 4 * self.nonlinearity * self.step * place * (1 - place)
        return ((1 + self.gain_error) * x + self.offset + bow).astype(x.dtype)

    def codes(self, x: Float[Array, "..."]) -> Int[Array, "..."]:
        """The integers that stand for `x`, from 0 to `2**bits - 1`."""
        return _codes(self.received(x), self.low, self.step, self.bits)

    def clipped(self, x: Float[Array, "..."]) -> Scalar:
        """Fraction of `x` outside the range, by more than half a step."""
        half = self.step / 2
        x = self.received(x)
        return _clipped(x, self.low - half, self.high - half, self.bits)

    def __call__(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """The value of the code of `x`, with the derivative of clipping."""
        x = self.received(x)
        return _convert(x, self.low, self.high - self.step, self.step, self.bits)


def _check_bits(bits):
    if bits is not None and not 1 <= bits <= 24:
        raise ValueError(f"`bits` must be from 1 to 24, or None, got {bits}.")


def _steps(bits, offset):
    return 0.0 if bits is None else 1 / (2**bits + offset)


def _codes(x, low, step, bits):
    if bits is None:
        raise ValueError("An ideal converter (`bits=None`) has no codes.")
    return jnp.clip(jnp.round((x - low) / step), 0, 2**bits - 1).astype(int)


def _clipped(x, low, high, bits):
    if bits is None:
        return jnp.zeros((), x.dtype)
    return jnp.mean((x < low) | (x > high), dtype=x.dtype)


def _convert(x, low, high, step, bits):
    """Rounds inside the range; differentiates clipping, so the range can be learnt."""
    if bits is None:
        return x
    low, high, step = (v.astype(x.dtype) for v in (low, high, step))
    inside = jnp.clip(x, low, high)
    rounded = low + _codes(x, low, step, bits) * step
    return inside + lax.stop_gradient(rounded.astype(x.dtype) - inside)
