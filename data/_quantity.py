import dataclasses
import math
import numbers
from typing import Any, TYPE_CHECKING

import equinox as eqx
import jax
import jax.core as jax_core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


if TYPE_CHECKING:
    # The converter of `quantity` takes any number; type checkers see the annotation.
    Scalar = Any
else:
    Scalar = Float[Array, ""]


class _Convert:
    """Makes the floating leaf of a field, and refuses a concrete value out of range.

    `name`, and whether it is a `Scalar`, are filled in when the class is created.
    """

    def __init__(self, unit, lower, upper, above, below):
        self.name, self.scalar = "value", False
        self.unit = unit
        self.bounds = (
            (">=", lower, lambda x, bound: x >= bound),
            ("<=", upper, lambda x, bound: x <= bound),
            (">", above, lambda x, bound: x > bound),
            ("<", below, lambda x, bound: x < bound),
        )

    def __call__(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            value = self._array(value)
        number = isinstance(value, (bool, int, float, np.ndarray, np.generic, jax.Array))
        odd = isinstance(value, (str, bytes, dict, set, numbers.Number))
        if value is None or (odd and not number):
            raise ValueError(self._must("a real number", repr(value)))
        if isinstance(value, jax_core.Tracer) or not number:
            return value  # traced, or a placeholder of a tree transformation
        dtype = getattr(value, "dtype", None)
        if dtype is not None and not _real(dtype):
            raise ValueError(self._must("real numbers", f"the type {dtype}"))
        if dtype is None or not jnp.issubdtype(dtype, jnp.floating):
            dtype = jnp.result_type(float)
        array = jnp.asarray(
            value, dtype
        )  # a dtype given: never weakly typed, so no retrace
        self.check(np.asarray(value))  # inside `jit` the array may be traced already
        return array

    def _array(self, value: list | tuple) -> Any:
        """A list of numbers as an array; of traced ones, a traced array."""
        if self.scalar:
            raise ValueError(self._must("one number", repr(value)))
        try:
            known = not any(isinstance(x, jax.Array) for x in jax.tree.leaves(value))
            array = np.asarray(value) if known else jnp.asarray(value)
        except (TypeError, ValueError):  # of no shape, or not of numbers
            raise ValueError(self._must("real numbers", repr(value))) from None
        if not _real(array.dtype):
            raise ValueError(self._must("real numbers", repr(value)))
        return array

    def _must(self, what: str, got: str) -> str:
        return f"`{self.name}` must be {what} [{self.unit}], got {got}."

    def check(self, value: np.ndarray) -> None:
        """Refuses a value out of range, or NaN."""
        for relation, bound, holds in self.bounds:
            if bound is not None and not np.all(holds(value, bound)):
                raise ValueError(
                    f"`{self.name}` must be {relation} {bound:g} [{self.unit}], "
                    f"got {_show(value)}."
                )
        if np.any(np.isnan(value)):
            raise ValueError(f"`{self.name}` must be a number [{self.unit}], got nan.")


def _real(dtype: Any) -> bool:
    kinds = (jnp.floating, jnp.integer, jnp.bool_)
    return any(jnp.issubdtype(dtype, kind) for kind in kinds)


def _show(x: np.ndarray) -> str:
    return f"{x.item():g}" if x.ndim == 0 else f"values from {x.min():g} to {x.max():g}"


class _QuantityField(dataclasses.Field):
    __slots__ = ()

    def __set_name__(self, owner, name):
        converter = self.metadata["converter"]
        converter.name = name
        converter.scalar = owner.__annotations__.get(name) is Scalar


def quantity(
    unit: str,
    *,
    lower: float | None = None,
    upper: float | None = None,
    above: float | None = None,
    below: float | None = None,
    default: Any = dataclasses.MISSING,
    doc: str = "",
) -> Any:
    """Declares a physical number: a keyword-only field of an `equinox.Module`.

    The value, a number or where there may be several a list of them, becomes a floating
    array: a leaf, so it carries a gradient and a new value does not recompile. Unit, range
    and text stay in the field's metadata (see `quantities`). A concrete value out of range,
    or NaN, is a `ValueError`; under a transformation the check is skipped.

    **Arguments:**

    - `unit`: SI unit, such as `"J/m^2"`; `"1"` if dimensionless.
    - `lower`, `upper`: Inclusive bounds.
    - `above`, `below`: Strict bounds.
    - `default`: Value if none is given; required if left out.
    - `doc`: What it is, in the field's own words.
    """
    field = eqx.field(
        converter=_Convert(unit, lower, upper, above, below),
        kw_only=True,
        default=default,
        metadata={
            "unit": unit,
            "lower": lower,
            "upper": upper,
            "above": above,
            "below": below,
            "doc": doc,
        },
    )
    field.__class__ = _QuantityField
    return field


@dataclasses.dataclass(frozen=True)
class Quantity:
    """Unit, range and text of a field declared by `quantity`."""

    unit: str
    lower: float | None
    upper: float | None
    above: float | None
    below: float | None
    doc: str

    @property
    def infimum(self) -> float:
        """Largest lower bound, strict or not; minus infinity if there is none."""
        return max(-math.inf if b is None else b for b in (self.lower, self.above))

    @property
    def supremum(self) -> float:
        """Smallest upper bound, strict or not; infinity if there is none."""
        return min(math.inf if b is None else b for b in (self.upper, self.below))


def quantities(module: eqx.Module | type[eqx.Module]) -> dict[str, Quantity]:
    """The quantities that a module (or its class) declares itself, by field name."""
    return {
        field.name: Quantity(*(field.metadata[k] for k in Quantity.__dataclass_fields__))
        for field in dataclasses.fields(module)
        if isinstance(field, _QuantityField)
    }


def check_quantities(tree: Any) -> None:
    """Refuses values out of range in all modules of a tree.

    Making a module checks them already; `eqx.tree_at` and arithmetic go past that. What
    is traced is taken as it is.
    """
    if isinstance(tree, (tuple, list)):
        for item in tree:
            check_quantities(item)
    if not isinstance(tree, eqx.Module):
        return
    for field in dataclasses.fields(tree):
        value = getattr(tree, field.name, None)
        if not isinstance(field, _QuantityField):
            check_quantities(value)
        elif isinstance(value, (jax.Array, np.ndarray)):
            if not isinstance(value, jax_core.Tracer):
                field.metadata["converter"].check(np.asarray(value))
