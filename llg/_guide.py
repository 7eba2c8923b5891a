r"""Where the noise must push a column so that it is still up at the end of a pulse.

Near the pole a column of spins moves linearly, $y' = A y$ plus noise, with two
coordinates for each spin. The chance that it is still there at the end is about
$u_k(y) = e^{-y \cdot M_k y / 2}$ times a number, with $M$ from the end backwards,

$$M_k = G^T M_{k+1} (1 + \Sigma M_{k+1})^{-1} G, \qquad G = e^{A \Delta t},$$

and noise of the mean $J^T \nabla \ln u$, where $J$ is the displacement by the noise,
samples the paths that stay (Doob's transform of the linear motion). Whatever it is, the
weights undo it.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ._assemble import Assembled
from ._block import Samples, source_voltage
from ._closed_forms import critical_angle
from ._step import cross, field, increment, torque, Vectors


# Width of the end of the guide, over the square of the critical angle.
_END = 0.3
# No push for a spin that is this far down.
_LOWEST = -0.95


class Guide(eqx.Module):
    r"""What pushes the columns, step by step; spin `i` is in column `i % columns`.

    - `table`: $M_k$, shape `(steps, columns, 2, layers, 2, layers)`.
    - `drive`: $i$ of the map $y = f(z)\,(m_x, m_y)$ along the noise-free paths of one
      axial spin, with which its motion is linear down to the equator:
      $f^2 = \frac{2}{1 + z} \left(\frac{1 + z}{2}\right)^{-p}
      \left(\frac{i - z}{i - 1}\right)^{-q}$, shape `(spins,)`.
    - `p`, `q`: Its exponents; 0 is the map that keeps areas.
    """

    table: Float[Array, "steps columns 2 layers 2 layers2"]
    drive: Float[Array, " spins"]
    p: Float[Array, " spins"]
    q: Float[Array, " spins"]

    def push(self, system: Assembled, m: Vectors, step: Array) -> Float[Array, "n batch"]:
        """Mean of the normals of a step, in the order of `thermal`."""
        z = system.sign * m[2]
        free = z > _LOWEST
        z = jnp.maximum(z, _LOWEST)
        column = lambda x: x[:, None]
        i, p, q = column(self.drive), column(self.p), column(self.q)
        square = 2 / (1 + z) * ((1 + z) / 2) ** -p * ((i - z) / (i - 1)) ** -q
        f = jnp.sqrt(square)
        slope = f / 2 * (q / (i - z) - (1 + p) / (1 + z))
        matrix = lax.dynamic_index_in_dim(self.table, step, 0, keepdims=False)
        columns, layers = matrix.shape[0], matrix.shape[2]
        y = [x.reshape(layers, columns, -1) for x in (m[0] * f, m[1] * f)]
        pull = [
            jnp.concatenate(
                [
                    sum(
                        matrix[:, a, s, b, t][:, None] * y[b][t]
                        for b in range(2)
                        for t in range(layers)
                    )
                    for s in range(layers)
                ]
            )
            for a in range(2)
        ]
        along = m[0] * pull[0] + m[1] * pull[1]
        g = (-f * pull[0], -f * pull[1], -slope * along * system.sign)
        g = tuple(jnp.where(free, x, 0.0) for x in g)
        # J xi = -k [m x xi + alpha m x (m x xi)], transposed.
        first = cross(m, g)
        second = cross(m, first)
        scale, alpha = column(system.rotation * system.noise), column(system.alpha)
        return jnp.concatenate(
            [scale * (x - alpha * y) for x, y in zip(first, second, strict=True)]
        )


def guide_of(
    system: Assembled, pulse: Samples, columns: int, steps: int, settle: int
) -> Guide:
    """The guide of a system's columns through one pulse, settling included.

    **Arguments:**

    - `pulse`: One sample, without a batch axis.
    - `columns`, `steps`: Static numbers; `steps` includes `settle`.
    """
    spins = system.alpha.shape[0]
    layers = spins // columns
    still, driven = (_linear(system, v) for v in (0.0 * pulse.voltage, pulse.voltage))
    stiffness = system.matrix.reshape(3, spins, 3, spins)
    own = jnp.einsum("asbs->abs", stiffness)
    b_k = own[2, 2] - (own[0, 0] + own[1, 1]) / 2
    around = jnp.einsum("asas->s", driven.reshape(2, spins, 2, spins)) / 2
    drive = 1 + around / (system.rotation * system.alpha * b_k)
    flows = (drive > 1.001) & (layers == 1)
    drive = jnp.where(flows, drive, 2.0)
    p = jnp.where(flows, (drive - 1) / (drive + 1), 0.0)
    q = jnp.where(flows, 2 / (drive + 1), 0.0)

    blocks = lambda a: jax.vmap(
        lambda c: a.reshape(2, layers, columns, 2, layers, columns)[:, :, c, :, :, c]
    )(jnp.arange(columns)).reshape(columns, 2 * layers, 2 * layers)
    still, driven = blocks(still), blocks(driven)
    of_column = lambda x: jnp.tile(x.reshape(layers, columns).T, (1, 2))
    spread = (system.rotation * system.noise) ** 2 * (1 + system.alpha**2)
    sigma = jax.vmap(jnp.diag)(of_column(spread))
    weight = system.noise**-2 * system.alpha  # in proportion to the moments
    weight = of_column(weight)
    weight = weight * layers / jnp.sum(weight, 1, keepdims=True) * 2
    angle = of_column(
        jnp.where(flows, jax.vmap(critical_angle)(drive), critical_angle(2.0))
    )
    end = jax.vmap(jnp.diag)(weight / (_END * angle**2))
    eye = jnp.eye(2 * layers)[None]

    def back(matrix, step):
        share = source_voltage(system, pulse, step, settle) / jnp.where(
            pulse.voltage == 0, 1.0, pulse.voltage
        )
        a = still + share * (driven - still)
        growth = jax.vmap(jax.scipy.linalg.expm)(a)
        inner = jnp.linalg.solve(eye + jnp.einsum("cab,cbd->cad", matrix, sigma), matrix)
        before = jnp.einsum("cba,cbd,cde->cae", growth, inner, growth)
        before = (before + jnp.swapaxes(before, 1, 2)) / 2
        alive = step < settle + pulse.end
        matrix = jnp.where(alive, before, matrix)
        return matrix, jnp.where(alive, matrix, 0.0)

    table = lax.scan(back, end, jnp.arange(steps), reverse=True)[1]
    return Guide(table.reshape(steps, columns, 2, layers, 2, layers), drive, p, q)


def _linear(system: Assembled, voltage: Array) -> Float[Array, "n n"]:
    """Change of the coordinates in a step without noise, linearised at the pole."""
    spins = system.alpha.shape[0]

    def change(y):
        x, y = y.reshape(2, spins)
        z = system.sign * jnp.sqrt(1 - x**2 - y**2)
        m = (x[:, None], y[:, None], z[:, None])
        drive = torque(system, m, voltage[None])[0]
        b = tuple(a + c for a, c in zip(field(system, m), drive, strict=True))
        moved = increment(system, m, b)
        return jnp.concatenate([moved[0][:, 0], moved[1][:, 0]])

    return jax.jacfwd(change)(jnp.zeros(2 * spins))


def expected_share(columns: int) -> float:
    """Share of the columns to push, so that half of them and one stay up."""
    return min(1.0, (math.floor(columns / 2) + 1) / columns)
