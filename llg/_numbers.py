from typing import Any

import jax
import jax.core
import numpy as np
from jaxtyping import Array, Num


# A real number as an argument of a function; quantities of modules are `data.Scalar`.
Number = float | Num[Array, ""]


def concrete(value: Number) -> float | None:
    """The value, also where it is being differentiated; None under `jit` or `vmap`."""
    try:
        return float(jax.lax.stop_gradient(value))
    except jax.errors.ConcretizationTypeError:
        return None


def known(x: Any) -> np.ndarray | None:
    """The numbers, also while a gradient is taken eagerly; None while tracing."""
    if not isinstance(x, (int, float, np.ndarray, np.generic, jax.Array)):
        return None  # a placeholder of a tree transformation
    x = jax.lax.stop_gradient(x)
    while isinstance(x, jax.core.Tracer):
        inner = getattr(x, "primal", None)
        if inner is None:
            return None
        x = inner
    return np.asarray(x)


def check_count(value: Any, name: str, least: int | None = None) -> None:
    """Refuses what is not a whole number, or too small."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise ValueError(f"`{name}` must be a whole number, an int, got {value!r}.")
    if least is not None and value < least:
        raise ValueError(f"`{name}` must be >= {least}, got {value}.")


def check_positive(value: Any, name: str, unit: str) -> None:
    """Refuses what is not > 0."""
    numbers = known(value)
    if numbers is not None and not np.all(numbers > 0):
        raise ValueError(f"`{name}` must be > 0 [{unit}], got {np.min(numbers):g}.")


def check_direction(value: Any, name: str) -> None:
    """Refuses what is not a unit vector along its last axis."""
    shape = getattr(value, "shape", None)
    if shape is None:
        return  # a placeholder of a tree transformation
    if shape[-1:] != (3,):
        raise ValueError(f"`{name}` must have three components, got shape {shape}.")
    value = known(value)
    if value is None:
        return
    norm = np.linalg.norm(value, axis=-1).reshape(-1)
    wrong = ~(np.abs(norm - 1) < 1e-5)
    if np.any(wrong):
        what = "be a unit vector" if value.ndim == 1 else "hold unit vectors"
        raise ValueError(f"`{name}` must {what}, got norm {norm[int(np.argmax(wrong))]:g}.")
