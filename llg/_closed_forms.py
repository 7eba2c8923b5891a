r"""Answers on paper for one axial magnet, by their sources.

The reduced time is $\tau = \alpha\gamma B_k t / (1 + \alpha^2)$, the overdrive
$i = I / I_{c0}$.
"""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float
from scipy import constants

from ._constants import GAMMA
from ._numbers import Number


def reduced_time(time: Number, alpha: Number, b_k: Number) -> Float[Array, ""]:
    r"""Reduced time $\tau = \alpha\gamma B_k t / (1 + \alpha^2)$.

    **Arguments:**

    - `time`: $t$ [s].
    - `alpha`: Gilbert damping.
    - `b_k`: Anisotropy flux density $2K / M_s$ [T].
    """
    return jnp.asarray(alpha * GAMMA * b_k * time / (1 + alpha**2))


def critical_current(
    alpha: Number, polarisation: Number, barrier: Number
) -> Float[Array, ""]:
    r"""Critical current of a perpendicular magnet, $I_{c0}$ [A].

    $$I_{c0} = \frac{4 e}{\hbar} \frac{\alpha}{P} K V$$

    J. Z. Sun, Phys. Rev. B 62, 570 (2000), with the efficiency $\epsilon = P / 2$.

    **Arguments:**

    - `alpha`: Gilbert damping.
    - `polarisation`: $P$; for $\epsilon = P$ the current is half of this.
    - `barrier`: $K V$ [J].
    """
    charge_per_spin = 4 * constants.e / constants.hbar
    return jnp.asarray(charge_per_spin * alpha / polarisation * barrier)


def critical_angle(overdrive: Number) -> Float[Array, ""]:
    r"""Start angle on the plane of the pole that separates the outcomes of long pulses.

    $$\theta_c = \sqrt 2\; 2^{(i - 1) / 2 (i + 1)}
      \left(\frac{i - 1}{i}\right)^{1 / (i + 1)}, \qquad i > 1$$

    The noise-free path from the equator is followed back to the pole, where it grows as
    $\theta_c e^{-(i - 1)\tau}$.
    """
    i = jnp.asarray(overdrive)
    power = ((i - 1) / i) ** (1 / (i + 1))
    return math.sqrt(2) * 2 ** ((i - 1) / (2 * (i + 1))) * power


def asymptotic_write_error_rate(
    delta: Number, overdrive: Number, tau: Number, angle: Number = math.pi / 2
) -> Float[Array, ""]:
    r"""Write-error rate of a long pulse, $i > 1$, from a diffusing Gaussian at the pole.

    $$1 - \exp\left[-\frac{\theta_c^2 (i - 1) \Delta}{i e^{2 (i - 1) \tau} - 1}\right]$$

    With `angle` $= \pi / 2$: W. H. Butler et al., IEEE Trans. Magn. 48, 4684 (2012). With
    `critical_angle(overdrive)` it is the limit of the Fokker-Planck result for large
    `delta` and long pulses.
    """
    growth = overdrive * jnp.exp(2 * (overdrive - 1) * jnp.asarray(tau)) - 1
    return -jnp.expm1(-(jnp.asarray(angle) ** 2) * (overdrive - 1) * delta / growth)


def switching_time(angle: Number, overdrive: Number) -> Float[Array, ""]:
    r"""Reduced time from the polar angle `angle` to the equator without noise, $i > 1$.

    The integral of $d z / d\tau = (1 - z^2)(z - i)$ from $\cos\theta_0$ to 0:

    $$\tau = \frac{\ln (1 + z_0)}{2 (i + 1)} - \frac{\ln (1 - z_0)}{2 (i - 1)}
      + \frac{\ln (1 - z_0 / i)}{i^2 - 1}$$
    """
    i, z = jnp.asarray(overdrive), jnp.cos(jnp.asarray(angle))
    rest = 2 * jnp.sin(jnp.asarray(angle) / 2) ** 2  # 1 - z
    return (
        jnp.log1p(z) / (2 * (i + 1))
        - jnp.log(rest) / (2 * (i - 1))
        + jnp.log1p(-z / i) / (i**2 - 1)
    )


def astroid(angle: Number) -> Float[Array, ""]:
    r"""Stoner--Wohlfarth switching field in units of $B_k$, `angle` [rad] to the easy axis.

    $$h = (\cos^{2/3}\psi + \sin^{2/3}\psi)^{-3/2}$$

    E. C. Stoner and E. P. Wohlfarth, Phil. Trans. R. Soc. A 240, 599 (1948).
    """
    power = lambda x: jnp.abs(x) ** (2 / 3)
    angle = jnp.asarray(angle)
    return (power(jnp.cos(angle)) + power(jnp.sin(angle))) ** -1.5


def sot_threshold(field: Number) -> Float[Array, ""]:
    r"""Spin-orbit torque at which a perpendicular magnet is unstable, in units of $B_k$.

    The in-plane torque field $a$ that removes the last stable state under the in-plane
    field $b = B_x / B_k$ along the current; $a = \frac{\hbar}{2e} \theta_{SH} J / M_s t$:

    $$c = \sqrt{\frac{8 + 20 b^2 - b^4 - b (8 + b^2)^{3/2}}{32}}$$

    K.-S. Lee, S.-W. Lee, B.-C. Min and K.-J. Lee, Appl. Phys. Lett. 102, 112410 (2013).
    """
    b = jnp.asarray(field)
    return jnp.sqrt((8 + 20 * b**2 - b**4 - b * (8 + b**2) ** 1.5) / 32)


def langevin(argument: Number) -> Float[Array, ""]:
    r"""Mean of $m_z$ of a free moment, $\coth x - 1 / x$ with $x = \mu B / k_B T$."""
    x = jnp.asarray(argument, float)
    small = jnp.abs(x) < 1e-2
    safe = jnp.where(small, 1.0, x)
    return jnp.where(small, x / 3 - x**3 / 45, 1 / jnp.tanh(safe) - 1 / safe)
