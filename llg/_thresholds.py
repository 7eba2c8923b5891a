"""Voltages at which states of a film lose their stability."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ..data import Levels, require_x64, State
from ._attempt import _at_rest
from ._deterministic import rate
from ._modes import _plane
from ._system import System


# Steps of the bisection, and of the secant method after it.
_HALVINGS, _SECANTS = 5, 7


def growth_rate(
    system: System, m: Float[Array, "spins 3"], voltage: Float[Array, ""] | float
) -> Float[Array, ""]:
    r"""Rate at which the fastest small motion around a state grows [1/s].

    The largest real part of the eigenvalues of the Landau--Lifshitz--Gilbert equation
    with torque, linearised at `m`, which should be at rest without it. Differentiable in
    system and voltage.
    """
    require_x64("A growth rate")
    return _growth(system, m, jnp.asarray(voltage, float))


def instability_voltage(
    system: System,
    m: Float[Array, "spins 3"],
    *,
    largest: float = 5.0,
    growth: Float[Array, ""] | float = 0.0,
) -> Float[Array, ""]:
    """Source voltage at which a state at rest becomes unstable under torque [V].

    Differentiable in the system and the growth, by the implicit function theorem; NaN if
    it lies beyond `largest`.

    **Arguments:**

    - `largest`: Where the search ends [V]; negative for states that a negative voltage
        reverses.
    - `growth`: Rate at which the fastest motion shall grow [1/s], see `growth_rate`.
    """
    require_x64("The voltage of an instability")
    return _instability(system, m, jnp.asarray(largest), jnp.asarray(growth, float))


def reversal_voltage(levels: Levels, share: float = 0.95) -> Float[Array, "device *rest"]:
    """Voltage at which the mean level has crossed a share of its range [V].

    Interpolated over the axis `voltage`, whose first point should be below; NaN where
    the share is not reached. Full reversal with noise, where the instability is the
    onset without: the two thresholds of a film. Differentiable.

    **Arguments:**

    - `levels`: From `llg.sweep`, with an axis `voltage` that moves away from zero.
    - `share`: Of the range, from the state of the start.
    """
    pulses = levels.pulses
    if "voltage" not in pulses.axes:
        raise ValueError(f"`levels` must have an axis `voltage`, got {pulses.axes}.")
    axis = 1 + pulses.axes.index("voltage")
    mean = jnp.moveaxis(levels.mean, axis, -1)
    shape = (-1,) + (1,) * (mean.ndim - 1)
    low, high = levels.antiparallel.reshape(shape), levels.parallel.reshape(shape)
    crossed = (mean - low) / (high - low)
    if levels.start is State.PARALLEL:
        crossed = 1 - crossed
    above = crossed >= share
    right = jnp.clip(jnp.argmax(above, -1), 1, None)
    at = lambda x, i: jnp.take_along_axis(x, i[..., None], -1)[..., 0]
    before, after = at(crossed, right - 1), at(crossed, right)
    v0, v1 = pulses.voltage[right - 1], pulses.voltage[right]
    rise = jnp.where(after > before, after - before, 1.0)
    found = jnp.any(above, -1) & ~above[..., 0]
    return jnp.where(found, v0 + (v1 - v0) * (share - before) / rise, jnp.nan)


@eqx.filter_jit
def _growth(system, m, voltage):
    m = _at_rest(system, m)
    matrix = _motion(system, m, voltage)
    held = lax.stop_gradient(matrix)
    pick = lambda values, vectors: vectors[:, jnp.argmax(values.real)]
    right, left = pick(*jnp.linalg.eig(held)), pick(*jnp.linalg.eig(held.T))
    # Of a conjugate pair both may be picked: those of one eigenvalue are not orthogonal.
    left = jnp.where(jnp.abs(left @ right) < 1e-9, left.conj(), left)
    value = lax.stop_gradient(_fastest(held))
    first = (left @ (matrix - held) @ right) / (left @ right)
    return value + first.real


@eqx.filter_jit
def _instability(system, m, largest, growth):
    hold = lambda v: lax.stop_gradient(v) if eqx.is_array(v) else v
    still, m = jax.tree.map(hold, system), lax.stop_gradient(m)
    unit = jnp.max(jnp.abs(_motion(still, m, 0.0)))
    target = lax.stop_gradient(growth)
    excess = lambda v: (_fastest(_motion(still, m, v)) - target) / unit

    def halve(_, ends):
        low, high = ends
        middle = (low + high) / 2
        over = excess(middle) > 0
        return jnp.where(over, low, middle), jnp.where(over, middle, high)

    low, high = lax.fori_loop(0, _HALVINGS, halve, (0.0 * largest, largest))

    def step(_, ends):
        a, f, b, g = ends
        flat = g == f
        c = b - g * (b - a) / jnp.where(flat, 1.0, g - f)
        c = jnp.where(flat, b, jnp.clip(c / largest, 0.0, 1.0) * largest)
        return b, g, c, excess(c)

    ends = (low, excess(low), high, excess(high))
    *_, voltage, left = lax.fori_loop(0, _SECANTS, step, ends)
    found = (jnp.abs(left) < 1e-6) & (excess(largest) > 0)
    voltage = lax.stop_gradient(voltage)
    slope = lax.stop_gradient(jax.grad(lambda v: _growth(still, m, v))(voltage))
    value = _growth(system, m, voltage) - growth
    moved = voltage - (value - lax.stop_gradient(value)) / slope
    return jnp.where(found, moved, jnp.nan)


def _motion(system, m, voltage):
    """The linear motion of small turns around a state [1/s]."""
    plane = _plane(m)
    slope = jax.jacfwd(lambda m: rate(system, m, voltage))(m)
    size = 2 * m.shape[0]
    return jnp.einsum("aix,ixjy,bjy->aibj", plane, slope, plane).reshape(size, size)


def _fastest(matrix):
    return jnp.max(jnp.linalg.eigvals(matrix).real)
