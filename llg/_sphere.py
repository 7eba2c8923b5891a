r"""Fokker-Planck equation of a spin on the sphere, by moments of spherical harmonics.

$$\dot m = -\frac{\gamma}{1 + \alpha^2} [m \times B + \alpha\, m \times (m \times B)],
  \qquad B = M m + c$$

with noise moves $\langle Y \rangle$ of every function $Y$ on the sphere by (W. F. Brown,
Phys. Rev. 130, 1677 (1963))

$$L Y = \frac{\gamma}{1 + \alpha^2} \left[B \cdot (m \times \nabla) + \alpha B \cdot \nabla
  \right] Y + D \nabla^2 Y, \qquad
  D = \frac{\alpha \gamma k_B T}{(1 + \alpha^2)\, \mu}.$$

Torques are in the antisymmetric part of $M$.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from ._constants import GAMMA, K_B
from ._harmonics import harmonics, hemisphere


class AffineSpin(eqx.Module):
    r"""One spin in a field that is affine in it and in the voltage.

    - `matrix`, `bias`: $M$ [T] and $c$ [T] without voltage and what a volt adds, shape
      `(2, 3, 3)` and `(2, 3)`.
    - `rate`: $\gamma / (1 + \alpha^2)$ [1/(s T)].
    - `alpha`: Gilbert damping.
    - `diffusion`: $D$ [1/s].
    - `thermal`: $k_B T / \\mu$ [T].
    """

    matrix: Float[Array, "2 3 3"]
    bias: Float[Array, "2 3"]
    rate: Float[Array, ""]
    alpha: Float[Array, ""]
    diffusion: Float[Array, ""]
    thermal: Float[Array, ""]

    @classmethod
    def of(cls, field, alpha, moment, temperature) -> "AffineSpin":
        """From `field(m, voltage)` [T], which must be affine in both."""
        zero, none, volt = jnp.zeros(3), jnp.asarray(0.0), jnp.asarray(1.0)
        matrix = [jax.jacfwd(field)(zero, v) for v in (none, volt)]
        bias = [field(zero, v) for v in (none, volt)]
        rate = GAMMA / (1 + alpha**2)
        thermal = K_B * temperature / moment
        return cls(
            jnp.stack([matrix[0], matrix[1] - matrix[0]]),
            jnp.stack([bias[0], bias[1] - bias[0]]),
            rate,
            alpha,
            alpha * rate * thermal,
            thermal,
        )

    def turned(self, turn: Float[Array, "3 3"]) -> "AffineSpin":
        """The same problem in other axes."""
        matrix, bias = turn @ self.matrix @ turn.T, self.bias @ turn.T
        return eqx.tree_at(lambda s: (s.matrix, s.bias), self, (matrix, bias))

    def coefficients(self) -> Float[Array, "2 25"]:
        """Of the terms of `sphere_operators`, without voltage and per volt."""
        whirl = jnp.concatenate([self.matrix.reshape(2, 9), self.bias], 1) * self.rate
        spread = jnp.stack([self.diffusion, 0.0 * self.diffusion])[:, None]
        return jnp.concatenate([whirl, self.alpha * whirl, spread], 1)

    def fastest(self, voltage: Array, degree: int) -> Array:
        """Bound of the generator's eigenvalues [1/s]."""
        matrix = self.matrix[0] + voltage * self.matrix[1]
        bias = self.bias[0] + voltage * self.bias[1]
        # What is along m does nothing.
        matrix = matrix - jnp.trace(matrix) / 3 * jnp.eye(3)
        field = jnp.linalg.norm(matrix, 2) + jnp.linalg.norm(bias)
        turn = self.rate * field * degree * jnp.sqrt(1 + self.alpha**2)
        return turn + self.diffusion * degree * (degree + 1)

    def sharpness(self, voltage: Array) -> Array:
        r"""Twice the energy of drift towards a pole over $k_B T$: $2 \Delta (1 + i)$."""
        matrix = self.matrix[0] + voltage * self.matrix[1]
        bias = self.bias[0] + voltage * self.bias[1]
        even, odd = (matrix + matrix.T) / 2, (matrix - matrix.T) / 2
        spin = jnp.linalg.norm(odd, 2) / self.alpha
        values = jnp.linalg.eigvalsh(even)
        return (values[-1] - values[0] + spin + jnp.linalg.norm(bias)) / self.thermal


def well_of(spin: AffineSpin, degree: int, order: int) -> Float[Array, " modes"]:
    """Moments of the Boltzmann law without voltage on the hemisphere z > 0."""
    vectors, waves, heights = (jnp.asarray(x) for x in hemisphere(degree, order))
    energy = -jnp.einsum("zai,ij,zaj->za", vectors, spin.matrix[0], vectors) / 2
    energy = energy - vectors @ spin.bias[0]
    exponent = -energy / spin.thermal
    p = jnp.exp(exponent - lax.stop_gradient(jnp.max(exponent)))
    of_orders = p @ waves.T  # (z, orders)
    moments = jnp.sum(heights * of_orders[:, harmonics(degree, order)[1] + order].T, 1)
    return moments / moments[0]


def evolve(
    moments: Float[Array, " modes"],
    spin: AffineSpin,
    voltages: Float[Array, " steps"],
    duration: Array,
    operators: tuple[Int[Array, "width modes"], Float[Array, "25 width modes"]],
) -> Float[Array, " modes"]:
    """The moments after a pulse of equal steps of constant voltages.

    A step is the Taylor polynomial of fourth order of its exponential. The states at the
    ends of blocks are kept for the derivative, the others computed again.
    """
    columns, terms = operators
    constant, per_volt = jnp.tensordot(spin.coefficients(), terms, 1)
    dt = duration / voltages.shape[0]

    def step(c, voltage):
        entries = (constant + voltage * per_volt) * dt
        apply = lambda x: jnp.sum(entries * x[columns], 0)
        change, total = c, c
        for power in range(1, 5):
            change = apply(change) / power
            total = total + change
        return total, None

    @jax.checkpoint
    def block(c, some):
        return lax.scan(step, c, some)[0], None

    steps = voltages.shape[0]
    length = math.isqrt(steps)
    whole = steps // length * length
    moments, _ = lax.scan(block, moments, voltages[:whole].reshape(-1, length))
    return lax.scan(step, moments, voltages[whole:])[0]
