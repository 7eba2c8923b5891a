r"""Demagnetisation tensor of rectangular prisms, in closed form.

A. J. Newell, W. Williams and D. J. Dunlop, J. Geophys. Res. 98, 9551 (1993), equations
(27) and (32) for the functions `f` and `g`; sums over the corners of two unequal prisms.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..data import require_x64
from ._numbers import known


def _log_part(factor, y, rho2):
    """Factor * asinh(y / rho), which vanishes with rho, as does its gradient."""
    regular = rho2 > 0
    rho = jnp.sqrt(jnp.where(regular, rho2, 1.0))
    return jnp.where(regular, factor * jnp.arcsinh(y / rho), 0.0)


def _angle_part(factor, numerator, denominator):
    """Factor * atan(numerator / denominator), zero where the denominator is."""
    regular = denominator != 0
    ratio = numerator / jnp.where(regular, denominator, 1.0)
    return jnp.where(regular, factor * jnp.arctan(ratio), 0.0)


def _radius(x, y, z):
    r2 = x**2 + y**2 + z**2
    return jnp.where(r2 > 0, jnp.sqrt(jnp.where(r2 > 0, r2, 1.0)), 0.0)


def newell_f(x, y, z):
    """Newell's `f`, even in each argument; yields the diagonal elements."""
    r = _radius(x, y, z)
    return (
        _log_part(y / 2 * (z**2 - x**2), y, x**2 + z**2)
        + _log_part(z / 2 * (y**2 - x**2), z, x**2 + y**2)
        - _angle_part(x * y * z, y * z, x * r)
        + (2 * x**2 - y**2 - z**2) * r / 6
    )


def newell_g(x, y, z):
    """Newell's `g`, odd in `x` and `y`; yields the off-diagonal elements."""
    r = _radius(x, y, z)
    return (
        _log_part(x * y * z, z, x**2 + y**2)
        + _log_part(y / 6 * (3 * z**2 - y**2), x, y**2 + z**2)
        + _log_part(x / 6 * (3 * z**2 - x**2), y, x**2 + z**2)
        - _angle_part(z**3 / 6, x * y, z * r)
        - _angle_part(z * y**2 / 2, x * z, y * r)
        - _angle_part(z * x**2 / 2, y * z, x * r)
        - x * y * r / 3
    )


def check_edges(**edges: Array) -> None:
    """Refuses edges, by their names, that are not three and not > 0; and float32."""
    require_x64("The demagnetisation tensor of a prism")
    for name, value in edges.items():
        if value.shape[-1:] != (3,):
            raise ValueError(
                f"`{name}` must have three components, got shape {value.shape}."
            )
        lengths = known(value)
        if lengths is not None and not np.all(lengths > 0):
            raise ValueError(f"`{name}` must be > 0, got {np.min(lengths):g}.")


def prism_tensor(
    offset: Float[Array, "3"], target: Float[Array, "3"], source: Float[Array, "3"]
) -> Float[Array, "3 3"]:
    r"""Mean demagnetisation tensor over a prism due to a uniformly magnetised prism.

    $$\langle H \rangle = -N M, \qquad N_{xx} = \frac{1}{4 \pi V} \sum \pm f(x, y, z)$$

    with $V$ the volume of the target and the sum over all differences of the positions
    of the faces. Its trace is 1 for a prism with itself, 0 for disjoint ones. Lengths in
    any one unit; sizes near 1 keep rounding small. Needs float64.

    **Arguments:**

    - `offset`: Centre of the target minus centre of the source.
    - `target`, `source`: Edge lengths.
    """
    offset, target, source = map(jnp.asarray, (offset, target, source))
    check_edges(target=target, source=source)
    near, far = (target - source) / 2, (target + source) / 2
    # Faces on the same side first, so that two equal prisms cancel exactly.
    points = [offset + shift for shift in (near, -near, far, -far)]
    signs = (1.0, 1.0, -1.0, -1.0)
    axis = jnp.stack(points)
    x, y, z = jnp.meshgrid(axis[:, 0], axis[:, 1], axis[:, 2], indexing="ij")
    s = jnp.asarray(signs)
    sign = (s[:, None, None] * s[None, :, None] * s[None, None, :])[None]
    mean = lambda values: (
        jnp.sum(sign * values, (1, 2, 3)) / (4 * jnp.pi * jnp.prod(target))
    )
    turned = jnp.stack([x, y, z]), jnp.stack([y, z, x]), jnp.stack([z, x, y])
    xx, yy, zz = mean(newell_f(*turned))
    # g(x, y, z) is symmetric in its first two arguments.
    xy, yz, xz = mean(newell_g(*turned))
    return jnp.stack(
        [jnp.stack([xx, xy, xz]), jnp.stack([xy, yy, yz]), jnp.stack([xz, yz, zz])]
    )
