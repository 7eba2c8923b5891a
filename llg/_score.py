import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ..data import quantity, Scalar
from ._assemble import Assembled
from ._step import cross, field, increment, torque, Vectors


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
        "1/s", above=0, default=5e10, doc="rate at which the tangent becomes likelihood"
    )


def shift(
    system: Assembled, m: Vectors, source, rate: Float[Array, " batch"]
) -> Float[Array, "n batch"]:
    r"""Shift of the normals of a step that undoes a displacement; zero in value.

    A shift by $-v$ displaces a spin by $\lambda \sigma\,[m \times v + \alpha\, m \times (m
    \times v)]$, $\lambda = \gamma \Delta t / (1 + \alpha^2)$; so
    $v = (\alpha\, r + m \times r) / (\lambda \sigma (1 + \alpha^2))$ undoes $r$.
    """
    here = lax.stop_gradient(m)
    b = tuple(
        x + y
        for x, y in zip(field(system, here), torque(system, here, source)[0], strict=True)
    )
    drift = increment(system, here, b)
    r = tuple(
        rate[None] * (x - y) + d - lax.stop_gradient(d)
        for x, y, d in zip(m, here, drift, strict=True)
    )
    alpha = lax.stop_gradient(system.alpha)[:, None]
    scale = lax.stop_gradient(system.rotation * system.noise)[:, None] * (1 + alpha**2)
    turned = cross(here, r)
    return jnp.concatenate(
        [(alpha * x + y) / scale for x, y in zip(r, turned, strict=True)]
    )
