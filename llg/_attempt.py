"""How often spins cross a saddle: Brown, Langer, and the turnover of Kramers."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from ..data import Outcome, require_x64
from ._barrier import Barrier
from ._constants import GAMMA, K_B
from ._landscape import hessian, stiffness, turned, unit
from ._modes import _plane
from ._system import System


class Regime(eqx.Enumeration):
    """Which theory an escape rate is from."""

    axial = "The saddle is a circle: one coordinate diffuses, at every damping."
    high = "Langer: more than some kT is lost in a turn, from intermediate damping on."
    turnover = "Kramers' turnover: about kT is lost in a turn in one of the wells."
    bound = (
        "Langer, as an upper bound: little is lost in a turn, and how fast several spins "
        "share their energy is not known."
    )


class EscapeRate(eqx.Module):
    r"""Rates over one saddle: out of the first state, and out of the last, shape `(2,)`.

    $$k = f\, e^{-E / k_B T}, \qquad f = A\, \frac{\lambda_+}{2\pi}
      \sqrt{\frac{\det H_\mathrm{state}}{|\det H_\mathrm{saddle}|}}$$

    - `rate`: $k$ [1/s].
    - `attempt`: The attempt rate $f$ [1/s].
    - `growth`: $\lambda_+$, rate of the unstable mode of the damped motion at the saddle
      [1/s].
    - `loss`: Energy lost in one turn of the undamped motion that leaves the saddle into
      the well of either state, over $k_B T$.
    - `depopulation`: $A$, from 0 without damping to 1.
    - `regime`: Which theory holds.
    - `outcome`: Not resolved where the saddle is so soft across the path that $k_B T$
      covers more than it.
    """

    rate: Float[Array, "2"]
    attempt: Float[Array, "2"]
    growth: Float[Array, ""]
    loss: Float[Array, "2"]
    depopulation: Float[Array, ""]
    regime: Regime
    outcome: Outcome


# Curvatures below this share of the largest are those of a symmetry.
_FLAT = 1e-7
# A Gaussian across the saddle should be narrower than a radian.
_SOFTEST = 2.0  # [k_B T]
_ORBIT_STEPS = 4000
_ORBIT_ANGLE = 0.2  # gamma B dt
_ORBIT_START = 1e-3  # [rad] from the saddle


def escape_over(system: System, barrier: Barrier) -> EscapeRate:
    r"""Thermal escape rates over the saddle of a barrier, without torque.

    J. S. Langer, Ann. Phys. 54, 258 (1969) for $A = 1$: with the Hessians $H$ of the
    energy over turns of the spins and $\lambda_+$ from the Landau-Lifshitz-Gilbert
    equation linearised at the saddle. Where turning all spins about the axis of the first
    state costs nothing, the saddle is a circle whose length takes the place of the
    direction without curvature: for one spin W. F. Brown, Phys. Rev. 130, 1677 (1963).

    One spin that loses little energy in a turn returns to the saddle before it is in
    equilibrium; $A = A(\delta_1) A(\delta_2) / A(\delta_1 + \delta_2)$ of the losses
    $\delta$ in both wells,
    $\ln A(\delta) = \frac{1}{2\pi} \int \ln(1 - e^{-\delta (x^2 + 1/4)})
    \frac{dx}{x^2 + 1/4}$: V. I. Mel'nikov and S. V. Meshkov, J. Chem. Phys. 85, 1018
    (1986); P.-M. Déjardin et al., Phys. Rev. E 63, 021102 (2001) for spins.

    The leading term for high barriers: corrections are of the order of $k_B T / E$, some
    per cent at $10\,k_B T$. Of equivalent saddles each adds its rate. Differentiable in
    the system.

    **Arguments:**

    - `barrier`: What `llg.barrier` found; its outcome is that of the rate if it failed.
    """
    require_x64("An escape rate")
    return _escape_over(system, barrier)


@eqx.filter_jit
def _escape_over(system, barrier):
    thermal = K_B * system.temperature
    start, saddle, end = (
        _at_rest(system, m) for m in (barrier.path[0], barrier.saddle, barrier.path[-1])
    )
    curvature = hessian(system, saddle)[1]
    values = jnp.abs(lax.stop_gradient(jnp.linalg.eigvalsh(curvature)))
    soft, scale = jnp.min(values), jnp.max(values)
    flat = soft < _FLAT * scale
    axial, along = _circle(system, lax.stop_gradient(start), saddle)

    # The direction around the circle has no curvature; any other does for its product.
    length = jnp.linalg.norm(along)
    around = lax.stop_gradient(along / jnp.maximum(length, 1e-300))
    filled = curvature + jnp.where(flat, scale, 0.0) * jnp.outer(around, around)
    logarithm = lambda h: jnp.linalg.slogdet(h)[1]
    saddle_part = -logarithm(filled) / 2 + jnp.where(
        flat,
        jnp.log(scale) / 2
        + jnp.log(2 * math.pi * jnp.where(flat, length, 1.0))
        - jnp.log(2 * math.pi * thermal) / 2,
        0.0,
    )
    states = jnp.stack([logarithm(hessian(system, m)[1]) / 2 for m in (start, end)])
    growth = _unstable(system, saddle, system.alpha)[0]
    langer = growth / (2 * math.pi) * jnp.exp(states + saddle_part)

    circle = flat & axial
    loss = _losses(system, saddle, start) / thermal
    full = jnp.exp(_depopulation(loss[0]) + _depopulation(loss[1]))
    full = full / jnp.exp(_depopulation(loss[0] + loss[1]))
    single = saddle.shape[0] == 1
    factor = jnp.where(circle, 1.0, full) if single else jnp.asarray(1.0)
    ending = Regime.where(
        full > 0.9, Regime.high, Regime.turnover if single else Regime.bound
    )
    attempt = factor * langer
    energy = jnp.stack([barrier.energy, barrier.back])
    wide = jnp.where(flat, ~axial, soft < _SOFTEST * thermal)
    outcome = Outcome.where(wide, Outcome.not_resolved, Outcome.successful)
    return EscapeRate(
        rate=attempt * jnp.exp(-energy / thermal),
        attempt=attempt,
        growth=growth,
        loss=jnp.where(circle, jnp.inf, loss),
        depopulation=factor,
        regime=Regime.where(circle, Regime.axial, ending),
        outcome=Outcome.where(
            barrier.outcome == Outcome.successful, outcome, barrier.outcome
        ),
    )


def _at_rest(system, m):
    """`m`, which is at rest, with the derivative that it has as the system changes."""
    m = lax.stop_gradient(m)
    slope, curvature, plane = hessian(system, m)
    inverse = lax.stop_gradient(jnp.linalg.pinv(curvature, rtol=_FLAT, hermitian=True))
    q = -inverse @ slope
    q = q - lax.stop_gradient(q)
    return unit(turned(m, plane, q.reshape(2, -1)))


def _circle(system, start, saddle):
    """Whether spins turn freely about the axis of the first state, and that turn."""
    axis = start[0]
    along = jnp.cross(axis[None], saddle)
    plane = lax.stop_gradient(_plane(saddle))
    energies = jnp.stack(
        [system.energy(_rotated(saddle, axis, angle)) for angle in (0.0, 1.0, 2.5)]
    )
    free = jnp.max(jnp.abs(energies - energies[0]))
    height = jnp.abs(energies[0] - system.energy(start))
    return free < 1e-9 * height, jnp.einsum("aix,ix->ai", plane, along).reshape(-1)


def _rotated(m, axis, angle):
    along = (m @ axis)[:, None] * axis[None]
    across = jnp.cross(axis[None], m)
    return along + jnp.cos(angle) * (m - along) + jnp.sin(angle) * across


def _motion(system, m, alpha):
    precession = jnp.cross(m, system.field(m))
    damping = alpha[:, None] * jnp.cross(m, precession)
    return -GAMMA / (1 + alpha[:, None] ** 2) * (precession + damping)


def _unstable(system, saddle, alpha):
    """Rate and direction in which the motion leaves the saddle."""
    plane = _plane(saddle)
    jacobian = jax.jacfwd(lambda m: _motion(system, m, alpha))(saddle)
    size = plane.shape[1] * 2
    matrix = jnp.einsum("aix,ixjy,bjy->aibj", plane, jacobian, plane).reshape(size, size)
    held = lax.stop_gradient(matrix)
    pick = lambda a: _fastest(*jnp.linalg.eig(a))
    right, left = pick(held), pick(held.T)
    growth = left @ matrix @ right / (left @ right)
    return growth, jnp.einsum("ai,aix->ix", right.reshape(2, -1), plane)


def _fastest(values, vectors):
    # the one unstable mode is real
    vector = vectors[:, jnp.argmax(values.real)].real
    return vector / jnp.linalg.norm(vector)


def _losses(system, saddle, start):
    """Energy lost in a turn [J] into the well of the first state, and into the other."""
    size = _ORBIT_ANGLE / (GAMMA * lax.stop_gradient(stiffness(system, saddle)))
    zero = jnp.zeros_like(system.alpha)
    still = jax.tree.map(lambda x: lax.stop_gradient(x) if eqx.is_array(x) else x, system)
    # Without damping the direction is another; at a circle there is none.
    way = lax.stop_gradient(_unstable(still, saddle, zero)[1])
    strength = system.alpha * GAMMA * system.moment / (1 + system.alpha**2)

    def slope(m):
        torque = jnp.cross(m, system.field(m))
        return -GAMMA * torque, jnp.sum(strength * jnp.sum(torque**2, 1))

    def step(carry, _):
        m, lost, fastest, farthest, done = carry
        a, p = slope(m)
        b, q = slope(m + size / 2 * a)
        c, r = slope(m + size / 2 * b)
        d, s = slope(m + size * c)
        moved = unit(m + size / 6 * (a + 2 * b + 2 * c + d))
        lost = lost + jnp.where(done, 0.0, size / 6 * (p + 2 * q + 2 * r + s))
        speed = lax.stop_gradient(jnp.linalg.norm(a))
        away = lax.stop_gradient(jnp.linalg.norm(moved - saddle))
        fastest, farthest = jnp.maximum(fastest, speed), jnp.maximum(farthest, away)
        # One spin comes back to rest at the saddle, or at one that is equivalent.
        done = done | ((speed < 0.02 * fastest) & (away > 3 * _ORBIT_START))
        done = done | (away < 0.02 * farthest)
        return (jnp.where(done, m, moved), lost, fastest, farthest, done), None

    def turn(side):
        m = unit(saddle + side * _ORBIT_START * way)
        none = jnp.asarray(0.0)
        carry = (m, none, none, none, jnp.asarray(False))
        return lax.scan(step, carry, length=_ORBIT_STEPS)[0][1]

    lost = jnp.stack([turn(1.0), turn(-1.0)])
    towards = jnp.sum(way * (start - saddle)) > 0
    return jnp.where(towards, lost, lost[::-1])


def _depopulation(loss):
    """Logarithm of A of a loss in k T."""
    # x = tan(t) / 2 takes the line to a finite interval
    t, weight = np.polynomial.legendre.leggauss(200)
    t, weight = t * math.pi / 2, weight * math.pi / 2
    small = loss[..., None] * (1 + np.tan(t) ** 2) / 4
    return jnp.sum(weight * 2 * jnp.log(-jnp.expm1(-small)), -1) / (2 * math.pi)
