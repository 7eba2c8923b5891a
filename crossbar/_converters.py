import equinox as eqx
import jax
import jax.core
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, Num

from ..data import quantity, Scalar


class DAC(eqx.Module):
    """A digital-to-analog converter: `2**bits` values from `low` to `high`, both reached.

    `bits=None` is the ideal converter, which passes everything.
    """

    bits: int | None = eqx.field(static=True, default=None)
    low: Scalar = quantity("1", default=0.0, doc="lowest value, in units of the input")
    high: Scalar = quantity("1", default=1.0, doc="highest value, in units of the input")

    def __check_init__(self):
        check_bits(self.bits)
        check_range(self.low, self.high)

    @property
    def step(self) -> Scalar:
        """Distance of two codes; of an ideal converter 0."""
        return (self.high - self.low) * _steps(self.bits, -1)

    def codes(self, x: Float[Array, "..."]) -> Int[Array, "..."]:
        """The integers that stand for `x`, from 0 to `2**bits - 1`."""
        return _numbers(x, self.low, self.step, self.bits).astype(int)

    def clipped(self, x: Float[Array, "..."]) -> Scalar:
        """Fraction of `x` outside the range."""
        return _clipped(x, self.low, self.high, self.bits)

    def __call__(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """The value nearest to `x`; see `straight_through` for its derivative."""
        if self.bits is None:
            return x
        number = _numbers(x, self.low, self.step, self.bits)
        return straight_through(x, number, self.low, self.step, 2**self.bits - 1)


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
        check_bits(self.bits)
        check_range(self.low, self.high)

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
        return _numbers(self.received(x), self.low, self.step, self.bits).astype(int)

    def clipped(self, x: Float[Array, "..."]) -> Scalar:
        """Fraction of `x` outside the range, by more than half a step."""
        half = self.step / 2
        x = self.received(x)
        return _clipped(x, self.low - half, self.high - half, self.bits)

    def __call__(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """The value of the code of `x`; see `straight_through` for its derivative."""
        x = self.received(x)
        if self.bits is None:
            return x
        number = _numbers(x, self.low, self.step, self.bits)
        return straight_through(x, number, self.low, self.step, 2**self.bits - 1)


def check_bits(bits: int | None) -> None:
    """Refuses numbers of bits that make no converter."""
    if bits is not None and not 1 <= bits <= 24:
        raise ValueError(f"`bits` must be from 1 to 24, or None, got {bits}.")


def check_range(low: Scalar, high: Scalar) -> None:
    """Refuses a range that is empty or the wrong way round, where its values are known."""
    known = not any(isinstance(v, jax.core.Tracer) for v in (low, high))
    if known and not np.all(np.asarray(low) < np.asarray(high)):
        raise ValueError(f"`high` must be > `low`, got {high} and {low}.")


def _steps(bits, offset):
    return 0.0 if bits is None else 1 / (2**bits + offset)


def _numbers(x, low, step, bits):
    """Codes, as floating numbers of the input's precision."""
    if bits is None:
        raise ValueError("An ideal converter (`bits=None`) has no codes.")
    low, step = low.astype(x.dtype), step.astype(x.dtype)
    return lax.stop_gradient(jnp.clip(jnp.round((x - low) / step), 0, 2**bits - 1))


def _clipped(x, low, high, bits):
    if bits is None:
        return jnp.zeros((), x.dtype)
    return jnp.mean((x < low) | (x > high), dtype=x.dtype)


def straight_through(
    x: Float[Array, "..."],
    codes: Num[Array, "..."],
    low: Scalar,
    step: Scalar,
    top: int,
) -> Float[Array, "..."]:
    r"""The value `low + codes * step`, with a derivative that rounding has not.

    Rounding counts as the identity, clipping to the codes 0 to `top` as what it is, so
    the input is differentiated where it is in range, and the range learns: inside by
    its rounding errors, outside by what it clips (Esser et al., "Learned step size
    quantization", ICLR 2020, eq. 3).
    """
    low, step = low.astype(x.dtype), step.astype(x.dtype)
    inside = jnp.clip((x - low) / step, 0, top)
    number = codes.astype(x.dtype) + (inside - lax.stop_gradient(inside))
    return low + number * step
