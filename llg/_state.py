from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from ._kinds import check_kinds
from ._system import System
from ._trajectory import check_unit


def state_of(system: Any, m: Any, name: str = "m") -> Array:
    """The state of a system, an array of one unit vector for each of its spins."""
    check_kinds(system=(system, System, "a System, such as `device.system(sample)`"))
    m = jnp.asarray(m)
    m = m if jnp.issubdtype(m.dtype, jnp.floating) else m.astype(float)
    check_unit(m, system.moment.shape[0], name)
    return m
