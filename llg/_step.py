"""One time step of one sample; everything here is batched by `vmap` over the last axis."""

import jax
import jax.numpy as jnp
from jax import lax
from jax.ad_checkpoint import checkpoint_name
from jaxtyping import Array, Float

from ._assemble import Assembled
from ._equilibrium import spins_of
from ._junction import mean_cosine
from ._noise import normals


def cross(a, b):
    """Cross product along the first axis, which has length 3."""
    return jnp.stack(
        [
            a[1] * b[2] - a[2] * b[1],
            a[2] * b[0] - a[0] * b[2],
            a[0] * b[1] - a[1] * b[0],
        ]
    )


def draws(key, trial, slot, number: int, dtype) -> Float[Array, " number"]:
    """Standard normals of one trial at one slot of time; slot 0 is the start.

    Their counter is `(trial, slot * words + i)`, so a trial is the same whatever else
    is simulated.
    """
    half = -(-number // 2)
    index = lax.iota(jnp.uint32, half) + slot.astype(jnp.uint32) * jnp.uint32(half)
    pair = normals((key[0], key[1]), (jnp.broadcast_to(trial, index.shape), index), dtype)
    return jnp.concatenate(pair)[:number]


def words_per_step(spins: int) -> int:
    """How many counters a step uses."""
    return -(-3 * spins // 2)


def start(system: Assembled, key, trial) -> Float[Array, "3 spins"]:
    """A draw of the thermal equilibrium in the well, linearised."""
    spins = system.alpha.shape[0]
    dtype = system.matrix.dtype
    # As many draws as a step takes, so that slot 0 ends where slot 1 begins.
    xi = draws(key, trial, jnp.uint32(0), 3 * spins, dtype)[: 2 * spins]
    q = system.centre + (system.spread @ xi).reshape(2, spins)
    return spins_of(q, system.sign)


def field(system: Assembled, m: Float[Array, "3 spins"]) -> Float[Array, "3 spins"]:
    """Effective flux density [T]."""
    b = (system.matrix @ m.reshape(-1) + system.bias).reshape(m.shape)
    for term in system.rest:
        b = b + term.field(m.T).T
    return b


def increment(system: Assembled, m, b) -> Float[Array, "3 spins"]:
    r"""Change of `m` in one step, $\dot m\, \Delta t$; see `System` for the equation."""
    precession = cross(m, b)
    return -system.rotation * (precession + system.alpha * cross(m, precession))


def torque(system: Assembled, m, source) -> tuple[Float[Array, "3 spins"], Array]:
    """Spin-transfer field `a p x m` [T], and the mean cosine of the free layer."""
    cosine = mean_cosine(m, system.polariser, system.weight)
    voltage = system.circuit.junction_voltage(cosine, source)
    p = system.polariser[:, None]
    return system.torque * voltage * cross(p, m), cosine


def heun(
    system: Assembled, m: Float[Array, "3 spins"], source, key, trial, slot
) -> tuple[Float[Array, "3 spins"], Float[Array, ""]]:
    """One Heun step (Stratonovich), renormalised; also the mean cosine before it."""
    thermal = draws(key, trial, slot, m.size, m.dtype).reshape(m.shape)
    # Without the barrier XLA computes the noise again in every use.
    thermal = checkpoint_name(jax.lax.optimization_barrier(thermal), "saved")
    noise = system.noise * thermal
    drive, cosine = torque(system, m, source)
    b = checkpoint_name(field(system, m) + drive + noise, "saved")
    first = increment(system, m, b)
    ahead = m + first
    drive, _ = torque(system, ahead, source)
    b = checkpoint_name(field(system, ahead) + drive + noise, "saved")
    m = m + (first + increment(system, ahead, b)) / 2
    return m * jax.lax.rsqrt(jnp.sum(m**2, 0)), cosine
