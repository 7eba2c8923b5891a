"""The energy of a system as a landscape: descent, curvature, places of rest."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ._modes import _plane
from ._system import System
from ._term import AbstractTerm


# Steps of Newton's method at most; a few are taken.
_NEWTON = 60
# What is left of the slope at rest, in units of the largest curvature.
REST = 1e-10
# Curvature that counts as none, in the same units.
_FREE = 1e-9
# Longest turn of a step, over all spins [rad].
_NEAR = 0.3
# Powers of a matrix that single out its lowest mode.
_POWERS = 80


class Landscape(eqx.Module):
    r"""The energy of a system in the form that strings use.

    All terms with an affine field are one matrix: with the components of all spins in
    one vector $x$, $E = -\frac{1}{2} x \cdot K x - c \cdot x$ and the rest.

    - `matrix`: $K$ [J]; `slope`: $c$ [J].
    - `rest`: terms whose field is not affine.
    - `step`: of a stable descent along the field [1/T].
    """

    matrix: Float[Array, "n n"]
    slope: Float[Array, " n"]
    rest: tuple[AbstractTerm, ...]
    moment: Float[Array, " spins"]
    step: Float[Array, ""]

    @classmethod
    def of(cls, system: System) -> "Landscape":
        """The landscape of a system, without its derivative by the system."""
        hold = lambda v: lax.stop_gradient(v) if eqx.is_array(v) else v
        system = jax.tree.map(hold, system)
        spins = system.moment.shape[0]
        affine = [term for term in system.terms if term.linear]
        rest = tuple(term for term in system.terms if not term.linear)

        def field(x):
            m = x.reshape(spins, 3)
            total = sum((term.field(m) for term in affine), jnp.zeros_like(m))
            return total.reshape(-1)

        zero = jnp.zeros(3 * spins)
        each = jnp.repeat(system.moment, 3)
        matrix, slope = each[:, None] * jax.jacfwd(field)(zero), each * field(zero)
        matrix = (matrix + matrix.T) / 2
        found = cls(matrix, slope, rest, system.moment, jnp.asarray(1.0))
        return eqx.tree_at(lambda f: f.step, found, 1 / found._stiffness_bound())

    def energy(self, m: Float[Array, "spins 3"]) -> Float[Array, ""]:
        """Energy [J]."""
        x = m.reshape(-1)
        quadratic = -x @ (self.matrix @ x / 2 + self.slope)
        return quadratic + sum(term.energy(m) for term in self.rest)

    def field(self, m: Float[Array, "spins 3"]) -> Float[Array, "spins 3"]:
        """Flux density on each spin [T]."""
        pull = (self.matrix @ m.reshape(-1) + self.slope).reshape(m.shape)
        return pull / self.moment[:, None] + sum(term.field(m) for term in self.rest)

    def descend(self, m: Float[Array, "spins 3"]) -> Float[Array, "spins 3"]:
        """`m` after one step down."""
        b = self.field(m)
        return unit(m + self.step * (b - jnp.sum(b * m, -1, keepdims=True) * m))

    def curvature(self, m: Float[Array, "spins 3"]):
        """Slope and curvature of the energy over turns of the spins [J], and the planes."""
        plane = _plane(m)
        spins = m.shape[0]
        blocks = self.matrix.reshape(spins, 3, spins, 3)
        pull = (self.matrix @ m.reshape(-1) + self.slope).reshape(m.shape)
        slope = -jnp.einsum("aix,ix->ai", plane, pull).reshape(-1)
        bent = -jnp.einsum("aix,ixjy,bjy->aibj", plane, blocks, plane)
        bent = bent.reshape(2 * spins, 2 * spins)
        # Turning a spin takes q^2 / 2 from its component along the field.
        bent = bent + jnp.diag(jnp.tile(jnp.sum(m * pull, -1), 2))
        if self.rest:

            def energy(q):
                turned_m = turned(m, plane, q.reshape(2, -1))
                return jnp.asarray(sum(term.energy(turned_m) for term in self.rest))

            zero = jnp.zeros(2 * spins)
            slope = slope + jax.grad(energy)(zero)
            bent = bent + jax.hessian(energy)(zero)
        return slope, bent, plane

    def settle(self, m: Float[Array, "spins 3"], falls: int):
        """The place of rest next to `m` from which the energy falls `falls` ways, 0 or 1.

        Newton's method where the curvature is as wanted, which Cholesky's factors show;
        else a step up along the lowest mode of a saddle, and down along all others.
        Returns the place, and whether nothing is left of the slope there and the energy
        falls as wanted.
        """

        def go(state):
            count, m, lowest, _, _ = state
            slope, bent, plane = self.curvature(m)
            scale = jnp.max(jnp.abs(jnp.diag(bent)))
            lowest = _lowest(bent, lowest) if falls else 0 * lowest
            q, good = _newton_step(slope, bent, lowest, scale)
            near = good & (jnp.linalg.norm(q) < _NEAR)
            q, lowest, good = lax.cond(
                near,
                lambda: (q, lowest, good),
                lambda: _following_step(slope, bent, scale, falls),
            )
            # The last step is taken: it squares what is left.
            m = unit(turned(m, plane, q.reshape(2, -1)))
            return count + 1, m, lowest, jnp.linalg.norm(slope) / scale, good

        def more(state):
            count, _, _, left, _ = state
            return (count < _NEWTON) & ~(left < REST)

        lowest = jnp.ones(2 * m.shape[0])
        start = (0, m, lowest, jnp.asarray(jnp.inf), jnp.asarray(False))
        _, m, _, left, good = lax.while_loop(more, go, start)
        return m, good & (left < REST)

    def _stiffness_bound(self) -> Float[Array, ""]:
        """More than the curvature per moment of any state [T], up to the rest."""
        root = jnp.repeat(self.moment, 3) ** -0.5
        values = jnp.linalg.eigvalsh(self.matrix * root[:, None] * root[None])
        affine = jnp.max(jnp.abs(self.slope / jnp.repeat(self.moment, 3)))
        bound = values[-1] - values[0] + affine
        spins = self.moment.shape[0]
        axes = jnp.tile(jnp.eye(3)[:, None], (1, spins, 1))
        for term in self.rest:
            field = jax.vmap(term.field)(axes)
            bound = bound + 4 * jnp.max(jnp.linalg.norm(field, axis=-1))
        return bound


def unit(m):
    """Each spin at length 1."""
    return m / jnp.linalg.norm(m, axis=-1, keepdims=True)


def turned(m, plane, q):
    """`m` turned by the angles `q` in its two planes; exact to second order."""
    aside = jnp.einsum("ai,aix->ix", q, plane)
    square = jnp.sum(q**2, 0)[:, None]
    return (1 - square / 2) * m + aside


def hessian(system: System, m: Float[Array, "spins 3"]):
    """Slope and curvature of the energy over turns of the spins [J], and the planes.

    As `Landscape.curvature`, but differentiable in the system.
    """
    plane = _plane(m)
    flat = lambda q: system.energy(turned(m, plane, q.reshape(2, -1)))
    zero = jnp.zeros(2 * m.shape[0])
    return jax.grad(flat)(zero), jax.hessian(flat)(zero), plane


def stiffness(system: System, m: Float[Array, "spins 3"]) -> Float[Array, ""]:
    """Largest curvature per moment, a flux density [T]."""
    root = jnp.tile(system.moment**-0.5, 2)
    curvature = hessian(system, m)[1] * root[:, None] * root[None]
    return jnp.max(jnp.abs(jnp.linalg.eigvalsh(curvature)))


def _lowest(bent, guess):
    """A direction close to the mode of lowest curvature, by powers."""
    top = jnp.max(jnp.sum(jnp.abs(bent), 1))

    def step(_, v):
        v = top * v - bent @ v
        return v / jnp.linalg.norm(v)

    return lax.fori_loop(0, _POWERS, step, guess)


def _newton_step(slope, bent, lowest, scale):
    """Newton's step, and whether the curvature is negative along `lowest` alone.

    A matrix has at most one negative eigenvalue if it is positive after something was
    added along one direction. If `lowest` is zero, whether there is none.
    """
    added = 4 * scale * lowest
    lifted = bent + jnp.outer(added, lowest) + _FREE * scale * jnp.eye(len(slope))
    factor = jnp.linalg.cholesky(lifted)
    both = jnp.stack([slope, lowest], 1)
    x, y = jax.scipy.linalg.cho_solve((factor, True), both).T
    # The inverse without what was added (Sherman and Morrison).
    q = -x - y * (added @ x) / (1 - added @ y)
    falls = (lowest @ bent @ lowest < -_FREE * scale) | jnp.all(lowest == 0)
    return q, falls & jnp.all(jnp.isfinite(q))


def _following_step(slope, bent, scale, falls: int):
    """A step up along the `falls` lowest modes and down along the others."""
    values, vectors = jnp.linalg.eigh(bent)
    # A turn that costs nothing is not taken.
    some = jnp.abs(values) > _FREE * scale
    sign = jnp.where(jnp.arange(values.shape[0]) < falls, 1.0, -1.0)
    along = jnp.where(some, vectors.T @ slope, 0.0)
    q = vectors @ (sign * along / jnp.where(some, jnp.abs(values), 1.0))
    q = q * jnp.minimum(1, _NEAR / jnp.maximum(jnp.linalg.norm(q), 1e-300))
    good = jnp.sum(values < -_FREE * scale) == falls
    return q, vectors[:, 0], good
