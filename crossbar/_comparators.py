import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ..data import quantity, Scalar
from ._converters import check_bits, check_range, straight_through
from ._values import Number


class Flash(eqx.Module):
    """A flash converter: `2**bits - 1` comparators see the input at once.

    The code is the number of thresholds below the input. Code `k` stands for
    `low + k * step` with a `step` of `(high - low) / 2**bits`, and threshold `k` lies
    half a step below it, plus the offset of its comparator.
    """

    bits: int = eqx.field(static=True)
    low: Scalar = quantity("1", default=0.0, doc="value of code 0, in the input's unit")
    high: Scalar = quantity("1", default=1.0, doc="end of the range, in the input's unit")
    offset: Float[Array, "..."] = quantity(
        "1", default=0.0, doc="of the comparators, in steps: one for all, or each its own"
    )

    def __check_init__(self):
        check_bits(self.bits)
        check_range(self.low, self.high)
        if jnp.shape(self.offset) not in ((), (2**self.bits - 1,)):
            raise ValueError(
                f"`offset` must be a scalar or have one value for each of the "
                f"{2**self.bits - 1} comparators, got shape {jnp.shape(self.offset)}."
            )

    @classmethod
    def drawn(
        cls, bits: int, low: Number, high: Number, spread: Number, *, key: PRNGKeyArray
    ) -> "Flash":
        """One converter of many; `spread` is the deviation of an offset, in steps."""
        check_bits(bits)
        offset = spread * jr.normal(key, (2**bits - 1,))
        return cls(bits=bits, low=low, high=high, offset=offset)

    @property
    def step(self) -> Scalar:
        """Distance of the values of two codes."""
        return (self.high - self.low) / 2**self.bits

    @property
    def comparisons(self) -> int:
        """Decisions of comparators for one conversion."""
        return 2**self.bits - 1

    def codes(self, x: Float[Array, "..."]) -> Int[Array, "..."]:
        """The integers that stand for `x`, from 0 to `2**bits - 1`."""
        place = jnp.arange(2**self.bits - 1) + 0.5 + self.offset
        thresholds = jnp.sort(self.low + self.step * place).astype(x.dtype)
        return jnp.searchsorted(thresholds, x.ravel(), side="right").reshape(x.shape)

    def clipped(self, x: Float[Array, "..."]) -> Scalar:
        """Fraction of `x` outside the range, by more than half a step."""
        u = (x - self.low) / self.step
        return jnp.mean((u < -0.5) | (u > 2**self.bits - 0.5), dtype=x.dtype)

    def __call__(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """The value of the code of `x`, differentiated straight through."""
        return straight_through(x, self.codes(x), self.low, self.step, self.comparisons)


class SAR(eqx.Module):
    """A successive-approximation converter: one comparator decides bit after bit.

    Each decision compares the input with what the capacitors of the bits so far and of
    the next one make; bit `b` weighs `2**b` steps times one plus its `mismatch`. Codes,
    values and range are those of `Flash`.
    """

    bits: int = eqx.field(static=True)
    low: Scalar = quantity("1", default=0.0, doc="value of code 0, in the input's unit")
    high: Scalar = quantity("1", default=1.0, doc="end of the range, in the input's unit")
    mismatch: Float[Array, "..."] = quantity(
        "1", default=0.0, doc="relative error of each bit's weight, the lowest bit first"
    )

    def __check_init__(self):
        check_bits(self.bits)
        check_range(self.low, self.high)
        if jnp.shape(self.mismatch) not in ((), (self.bits,)):
            raise ValueError(
                f"`mismatch` must be a scalar or have one value for each of the "
                f"{self.bits} bits, got shape {jnp.shape(self.mismatch)}."
            )

    @classmethod
    def drawn(
        cls, bits: int, low: Number, high: Number, spread: Number, *, key: PRNGKeyArray
    ) -> "SAR":
        r"""One converter of many; `spread` is the relative deviation of a unit capacitor.

        Bit `b` is made of $2^b$ of them, so that it deviates by `spread` $/ 2^{b/2}$.
        """
        check_bits(bits)
        mismatch = spread * jr.normal(key, (bits,)) / 2 ** (jnp.arange(bits) / 2)
        return cls(bits=bits, low=low, high=high, mismatch=mismatch)

    @property
    def step(self) -> Scalar:
        """Distance of the values of two codes."""
        return (self.high - self.low) / 2**self.bits

    @property
    def comparisons(self) -> int:
        """Decisions of the comparator for one conversion."""
        return self.bits

    def codes(self, x: Float[Array, "..."]) -> Int[Array, "..."]:
        """The integers that stand for `x`, from 0 to `2**bits - 1`."""
        powers = 2 ** np.arange(self.bits)
        weights = (powers * (1 + self.mismatch) * self.step).astype(x.dtype)
        rest = x - (self.low - self.step / 2).astype(x.dtype)
        code = jnp.zeros(x.shape, int)
        for bit in range(self.bits - 1, -1, -1):
            above = rest >= weights[bit]
            code = code + jnp.where(above, int(powers[bit]), 0)
            rest = jnp.where(above, rest - weights[bit], rest)
        return code

    def clipped(self, x: Float[Array, "..."]) -> Scalar:
        """Fraction of `x` outside the range, by more than half a step."""
        u = (x - self.low) / self.step
        return jnp.mean((u < -0.5) | (u > 2**self.bits - 0.5), dtype=x.dtype)

    def __call__(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """The value of the code of `x`, differentiated straight through."""
        top = 2**self.bits - 1
        return straight_through(x, self.codes(x), self.low, self.step, top)
