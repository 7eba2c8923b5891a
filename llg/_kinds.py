from typing import Any

import jax
import jax.numpy as jnp


def check_kinds(**arguments: tuple[Any, Any, str]) -> None:
    """Refuses an argument that is no instance of what it must be, given in words."""
    for name, (value, kind, wanted) in arguments.items():
        if not isinstance(value, kind):
            raise ValueError(f"`{name}` must be {wanted}, got {show(value)}.")


def show(value: Any) -> str:
    """A plain value itself, of others the type."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    plain = isinstance(value, (str, bytes, int, float, complex, type(None)))
    return repr(value) if plain else f"one of type {type(value).__name__}"


def check_key(key: Any) -> None:
    """Refuses what is not one key of JAX."""
    dtype, shape = getattr(key, "dtype", None), getattr(key, "shape", None)
    new = dtype is not None and jnp.issubdtype(dtype, jax.dtypes.prng_key)
    if not (new and shape == ()) and not (dtype == jnp.uint32 and len(shape or ()) == 1):
        got = show(key) if shape is None or not new else f"keys of shape {shape}"
        raise ValueError(f"`key` must be one JAX key, as jax.random.key(0), got {got}.")
