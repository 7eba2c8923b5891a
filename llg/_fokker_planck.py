r"""Axial Fokker-Planck equation of a uniaxial macrospin, by Legendre moments.

In reduced time $\tau = \alpha\gamma B_k t / (1 + \alpha^2)$ the density $p(z, \tau)$ of
$z = m_z$ obeys (Brown 1963, Phys. Rev. 130, 1677; with spin-transfer torque, Butler et
al. 2012, IEEE Trans. Magn. 48, 4684)

$$\partial_\tau p = \partial_z (1 - z^2)
    \left[-(z + u)\, p + \frac{1}{2\Delta} \partial_z p\right],\qquad u = h - i,$$

with $\Delta = KV / k_B T$, the axial field $h = B / B_k$ and the overdrive
$i = I / I_{c0}$, positive where it drives the spin to $-z$: along the axis a torque
and a field are one thing.
"""

import functools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ..data import require_x64
from ._legendre import half_range_nodes, legendre_bands
from ._modes_needed import check_modes, check_positive
from ._numbers import check_count, Number


class AxialDensity(eqx.Module):
    r"""Density of $z = m_z$ by its moments $e_l = \sqrt{2l + 1}\,\langle P_l(z)\rangle$."""

    moments: Float[Array, " modes"]

    @property
    def mean(self) -> Float[Array, ""]:
        r"""$\langle m_z\rangle$."""
        return self.moments[1] / math.sqrt(3)

    @property
    def variance(self) -> Float[Array, ""]:
        r"""$\langle m_z^2\rangle - \langle m_z\rangle^2$."""
        return (1 + 2 * self.moments[2] / math.sqrt(5)) / 3 - self.mean**2

    @jax.jit
    def __call__(self, z: Number) -> Float[Array, ""]:
        """Density at `z`."""
        l = np.arange(self.moments.shape[0])
        values = _legendre(z, self.moments.shape[0])
        return jnp.sum(np.sqrt(2 * l + 1) / 2 * self.moments * values)

    @jax.jit
    def above(self, z: Number) -> Float[Array, ""]:
        r"""Probability of $m_z > z$."""
        n = self.moments.shape[0]
        p = _legendre(z, n + 1)
        # The integral of P_l from z to 1 is (P_{l-1}(z) - P_{l+1}(z)) / (2l + 1).
        integral = jnp.concatenate([1 - p[1:2], p[: n - 1] - p[2 : n + 1]])
        return jnp.sum(integral / (2 * np.sqrt(2 * np.arange(n) + 1)) * self.moments)

    @property
    def resolved(self) -> Float[Array, ""]:
        """Largest of the last four moments: an estimate of the truncation error."""
        return jnp.max(jnp.abs(self.moments[-4:]))


def _legendre(z: Number, count: int) -> Float[Array, " count"]:
    def step(carry, k):
        before, here = carry
        after = ((2 * k + 1) * z * here - k * before) / (k + 1)
        return (here, after), here

    z = jnp.asarray(z, float)
    return jax.lax.scan(step, (jnp.zeros_like(z), jnp.ones_like(z)), jnp.arange(count))[1]


def axial_well(delta: Number, field: Number = 0.0, *, modes: int) -> AxialDensity:
    r"""Thermal equilibrium inside the $+z$ well.

    $$p(z) \propto e^{\Delta(z^2 + 2hz)}, \qquad z > 0$$

    **Arguments:**

    - `delta`: Thermal stability $KV / k_B T$.
    - `field`: Axial field $h = B / B_k$.
    - `modes`: Number of Legendre modes, static.
    """
    require_x64("The Fokker-Planck solution")
    check_modes(modes, None)
    check_positive(delta=delta)
    return _well(delta, field, modes)


@functools.partial(jax.jit, static_argnums=2)
def _well(delta, field, modes) -> AxialDensity:
    z, weight, values = half_range_nodes(modes)
    exponent = delta * (z**2 - 1 + 2 * field * (z - 1))
    p = weight * jnp.exp(exponent - jax.lax.stop_gradient(jnp.max(exponent)))
    return AxialDensity(jnp.asarray(p / jnp.sum(p)) @ values)


# Modified Talbot contour of Weideman (2006, IMA J. Numer. Anal. 26, 593): exp(A) v is
# the sum over nodes s of 2 Re(weight (s - A)^{-1} v), to 1e-13 for a real spectrum.
_NODES = 24
_THETA = (2 * np.arange(_NODES // 2, _NODES) + 1) * np.pi / _NODES - np.pi
_CONTOUR = _NODES * (0.5017 * _THETA / np.tan(0.6407 * _THETA) - 0.6122 + 0.2645j * _THETA)
_WEIGHT = (
    np.exp(_CONTOUR)
    * (
        0.5017 / np.tan(0.6407 * _THETA)
        - 0.5017 * 0.6407 * _THETA / np.sin(0.6407 * _THETA) ** 2
        + 0.2645j
    )
    * (2 / 1j)
)


def axial_evolve(
    density: AxialDensity, delta: Number, bias: Number, tau: Number, *, substeps: int = 8
) -> AxialDensity:
    r"""The density after the reduced time `tau` at constant `bias`.

    The generator is pentadiagonal in the moments; its exponential is a contour integral
    of shifted banded solves, so the cost does not grow with `tau`, and the derivative
    in every argument is that of the solves.

    **Arguments:**

    - `delta`: Thermal stability $KV / k_B T$.
    - `bias`: $u = h - i$, axial field minus overdrive.
    - `tau`: Reduced time $\alpha\gamma B_k t / (1 + \alpha^2)$.
    - `substeps`: Static number of equal steps. 8 hold 1e-10 up to
      $\Delta (1 + |u|)^2$ of 2000; more are needed only beyond.
    """
    require_x64("The Fokker-Planck solution")
    check_count(substeps, "substeps", 1)
    check_positive(delta=delta, tau=tau)
    return _evolve(density, delta, bias, tau, substeps)


@functools.partial(jax.jit, static_argnums=4)
def _evolve(density, delta, bias, tau, substeps) -> AxialDensity:
    generator = tau / substeps * _generator(density, delta, bias)
    diagonal = np.arange(5)[:, None, None] == 2
    shift = np.where(diagonal, _CONTOUR, 0)  # (5, 1, nodes)
    matrix = jnp.asarray(shift - generator[..., None])

    def step(moments, _):
        right = jnp.broadcast_to(moments[:, None], matrix.shape[1:]).astype(complex)
        return (_solve(matrix, right) @ _WEIGHT).real, None

    moments = jax.lax.scan(step, density.moments, length=substeps)[0]
    return AxialDensity(moments)


@jax.checkpoint  # solved again for the derivative, which is faster than to keep it
def axial_step(
    density: AxialDensity, delta: Number, bias: Number, tau: Number
) -> AxialDensity:
    """`axial_evolve` in one step; at `tau` = 0 without a solve, derivative included."""

    def first_order(density):
        bands = _generator(density, delta, bias)
        change = sum(bands[k] * _shifted(density.moments, k - 2) for k in range(5))
        return AxialDensity(density.moments + tau * change)

    evolve = lambda density: axial_evolve(density, delta, bias, tau, substeps=1)
    return jax.lax.cond(tau > 0, evolve, first_order, density)


def _generator(density, delta, bias) -> Float[Array, "5 modes"]:
    bands = legendre_bands(density.moments.shape[0])
    return bands["diffusion"] / (2 * delta) + bands["anisotropy"] + bias * bands["bias"]


def _shifted(x: Array, places: int) -> Array:
    """`x[l + places]` along the first axis, zero beyond the ends."""
    pad = [(0, 0)] * (x.ndim - 1)
    if places < 0:
        return jnp.pad(x, [(-places, 0), *pad])[: x.shape[0]]
    return jnp.pad(x, [(0, places), *pad])[places:]


def _solve(
    matrix: Complex[Array, "5 modes nodes"], right: Complex[Array, "modes nodes"]
) -> Complex[Array, "modes nodes"]:
    """Solution of pentadiagonal systems; its derivative is one more solve."""
    transposed = jnp.stack([_shifted(matrix[4 - k], k - 2) for k in range(5)])
    return jax.lax.custom_linear_solve(
        lambda x: sum((matrix[k] * _shifted(x, k - 2) for k in range(5)), 0 * x),
        right,
        lambda _, b: _eliminate(matrix, b),
        lambda _, b: _eliminate(transposed, b),
    )


def _eliminate(
    matrix: Complex[Array, "5 modes nodes"], right: Complex[Array, "modes nodes"]
) -> Complex[Array, "modes nodes"]:
    """Gauss elimination without pivoting."""

    def forward(carry, row):
        (f1, g1, h1), (f2, g2, h2) = carry
        (a2, a1, a0, b1, b2), r = row
        l1 = a1 - a2 * g2
        pivot = 1 / (a0 - a2 * h2 - l1 * g1)
        f = (r - a2 * f2 - l1 * f1) * pivot
        here = (f, (b1 - l1 * h1) * pivot, b2 * pivot)
        return (here, (f1, g1, h1)), here

    def backward(carry, row):
        x1, x2 = carry
        f, g, h = row
        x = f - g * x1 - h * x2
        return (x, x1), x

    zero = jnp.zeros_like(right[0])
    none = (zero, zero, zero)
    rows = (tuple(matrix), right)
    upper = jax.lax.scan(forward, (none, none), rows)[1]
    return jax.lax.scan(backward, (zero, zero), upper, reverse=True)[1]
