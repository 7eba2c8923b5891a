import jax
from jaxtyping import Array, Num


# A real number as an argument of a function; quantities of modules are `data.Scalar`.
Number = float | Num[Array, ""]


def concrete(value: Number) -> float | None:
    """The value, also where it is being differentiated; None under `jit` or `vmap`."""
    try:
        return float(jax.lax.stop_gradient(value))
    except jax.errors.ConcretizationTypeError:
        return None
