import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ..data import quantity, Scalar
from ._assemble import Assembled
from ._step import cross, field, increment, over_batch, torque, Vectors


class Score(eqx.Module):
    r"""The derivative of an expectation by the likelihood ratio, with a relaxed tangent.

    A change of a parameter displaces every path. Here the displacement that the drift
    makes in a step, and a share of what has come together before, is not carried on but
    taken for a different draw of the noise: the path stays, its likelihood changes. With
    the tangent $R$ of the state, the step $\Phi(m, \xi; \theta)$ and the shift $v$ of the
    noise that undoes the displacement $\kappa R + \partial_\theta(\text{drift})$,

    $$R' = D_m \Phi\, R - D_\xi \Phi\, v + \partial_\theta \Phi, \qquad
      W' = W + v \cdot \xi, \qquad
      \frac{d}{d\theta} E f = E[(f - c)\, W] + E[\nabla f \cdot R],$$

    which is exact for the chain for every parameter, damping and temperature included,
    and every $\kappa$; $c$ is the mean of the other trials. It serves where the path's own
    derivative, `Pathwise`, does not: grains that are driven to switch move chaotically,
    and its variance grows without bound. Needs at least two trials, damping and a
    temperature. It is no derivative of the sample: central differences with the same key
    do not see it.
    """

    relaxation: Scalar = quantity(
        "1/s", above=0, default=1e11, doc="rate at which the tangent becomes likelihood"
    )


def shift(
    system: Assembled,
    m: Vectors,
    source,
    rate: Float[Array, " batch"],
    xi: Float[Array, "n batch"],
    axial: bool,
) -> tuple[Float[Array, "n batch"], Float[Array, "n batch"]]:
    r"""Shift of the normals of a step that undoes a displacement, and their rotation.

    Both are zero in value. A shift by $-v$ displaces a spin by
    $\lambda \sigma\,[m \times v + \alpha\, m \times (m \times v)]$,
    $\lambda = \gamma \Delta t / (1 + \alpha^2)$; so
    $v = (\alpha\, r + m \times r) / (\lambda \sigma (1 + \alpha^2))$ undoes $r$.

    What the drift displaces around the polariser is not undone at once but relaxes with
    the rest: no level shows precession, and to score it would cost $1 / \alpha^2$ times
    as many trials. That of a single spin that nothing distinguishes the azimuth of
    (`axial`) is not undone at all: its normals turn with it, which leaves their
    likelihood as it is.
    """
    held = lax.stop_gradient
    here = held(m)
    b = tuple(
        x + y
        for x, y in zip(field(system, here), torque(system, here, source)[0], strict=True)
    )
    drift = increment(system, here, b)
    p = tuple(held(x) for x in system.polariser)
    turn = cross(p, here)
    tangent = tuple(x - y for x, y in zip(m, here, strict=True))
    angle = _angle(tangent, turn)
    moved = _without(tuple(x - held(x) for x in drift), turn)
    left = _without(tangent, turn) if axial else tangent
    r = tuple(rate[None] * x + d for x, d in zip(left, moved, strict=True))
    alpha = over_batch(held(system.alpha))
    scale = over_batch(held(system.rotation * system.noise)) * (1 + alpha**2)
    undone = jnp.concatenate(
        [(alpha * x + y) / scale for x, y in zip(r, cross(here, r), strict=True)]
    )
    if not axial:
        return undone, jnp.zeros_like(xi)
    turned = [angle * x for x in cross(p, lax.split(xi, (1, 1, 1)))]
    return undone, jnp.concatenate(turned)


def _angle(r: Vectors, turn: Vectors) -> Array:
    """Rotation of each spin in `r`; `turn` is the displacement by that of angle 1."""
    along = sum((x * y for x, y in zip(r, turn, strict=True)), jnp.zeros_like(r[0]))
    return along / (sum(x * x for x in turn) + 1e-12)


def _without(r: Vectors, turn: Vectors) -> Vectors:
    angle = _angle(r, turn)
    return tuple(x - angle * y for x, y in zip(r, turn, strict=True))
