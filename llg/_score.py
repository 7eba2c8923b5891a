import equinox as eqx
import jax
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
) -> tuple[Vectors, Float[Array, " batch"], Float[Array, " batch"]]:
    r"""Changes of a step's normals and log-likelihood that undo a displacement.

    Both are zero in value; the junction voltage comes along. A change by $-v$ displaces
    a spin by
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
    drive, _, voltage = torque(system, here, source)
    b = tuple(x + y for x, y in zip(field(system, here), drive, strict=True))
    p = held(system.polariser)
    turn = cross(p, here)  # displacement by a rotation about the polariser, of angle 1
    inverse = 1 / (_dot(turn, turn) + 1e-12)
    alpha = over_batch(held(system.alpha))
    scale = over_batch(held(system.rotation * system.noise)) * (1 + alpha**2)
    normals = lax.split(xi, (here[0].shape[0],) * 3)
    if axial:
        # All displacements are along one vector, which has the length of `turn`.
        fall = cross(here, turn)
        rotation, damping = over_batch(system.rotation), over_batch(system.alpha)
        drift = rotation * (damping * _dot(b, fall) - _dot(b, turn))
        size = inverse * (rate[None] * _dot(m, fall) + drift)
        angle = inverse * _dot(m, turn)
        # Kept, as one result: see `_step._once`.
        pair = lax.optimization_barrier(lax.complex(size, angle))
        size, angle = pair.real, pair.imag
        way = tuple((alpha * x - y) / scale for x, y in zip(fall, turn, strict=True))
        around = cross(p, normals)
        change = tuple(angle * x - size * y for x, y in zip(around, way, strict=True))
        likelihood = size * _dot(way, normals)
    else:
        drift = increment(system, here, b)
        angle = inverse * _dot(drift, turn)
        r = tuple(
            rate[None] * x + y - angle * z for x, y, z in zip(m, drift, turn, strict=True)
        )
        v = tuple((alpha * x + y) / scale for x, y in zip(r, cross(here, r), strict=True))
        change, likelihood = tuple(-x for x in v), _dot(v, normals)
    return tuple(map(_slope_of, change)), _slope_of(jnp.sum(likelihood, 0)), voltage


def _dot(a, b) -> Array:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@jax.custom_jvp
def _slope_of(x: Array) -> Array:
    """Zero, with the derivative of `x`."""
    return jnp.zeros_like(x)


@_slope_of.defjvp
def _(primals, tangents):
    return _slope_of(*primals), tangents[0]
