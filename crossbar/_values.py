from typing import Any, TYPE_CHECKING

from jaxtyping import Array, Float


if TYPE_CHECKING:
    # The converter of `quantity` takes any numbers; type checkers see the annotation.
    Matrix = Any
    Vector = Any
    PerLine = Any
else:
    Matrix = Float[Array, "m n"]
    Vector = Float[Array, " count"]
    PerLine = Float[Array, "..."]
