from typing import Any, TYPE_CHECKING

from jaxtyping import Array, Float, ScalarLike


if TYPE_CHECKING:
    # The converter of `quantity` takes any numbers, and so do functions of a scalar.
    Matrix = Any
    PerLine = Any
    Number = Any
else:
    Matrix = Float[Array, "m n"]
    PerLine = Float[Array, "..."]
    Number = ScalarLike
