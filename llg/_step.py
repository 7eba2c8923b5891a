"""One time step of a batch of samples.

A magnetisation is a tuple of its three components, each of shape `(spins, batch)`: the
batch is the last, contiguous axis, and no component is ever transposed.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jax.ad_checkpoint import checkpoint_name
from jaxtyping import Array, Float, UInt32

from ._assemble import Assembled
from ._drives import Follows
from ._equilibrium import spins_of
from ._integrator import Integrator
from ._noise import normals


Vectors = tuple[Array, ...]  # x, y, z, each of shape (spins, batch)


def cross(a, b) -> Vectors:
    """Cross product of components."""
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def words_per_step(spins: int) -> int:
    """How many counters a step uses."""
    return -(-3 * spins // 2)


def draws(
    key: UInt32[Array, "2 batch"],
    trial: UInt32[Array, " batch"],
    slot: UInt32[Array, ""],
    spins: int,
    dtype,
) -> Float[Array, "n batch"]:
    """Standard normals, three for each spin, of each trial in a slot of time.

    Slot 0 is the start, slot k + 1 step k. The counter is `(trial, slot * words + i)`:
    a trial is the same whatever else is simulated.
    """
    words = words_per_step(spins)
    shape = (words, trial.shape[0])
    index = lax.broadcasted_iota(jnp.uint32, shape, 0) + slot * jnp.uint32(words)
    wide = lambda x: jnp.broadcast_to(x[None], shape)
    pair = normals((wide(key[0]), wide(key[1])), (wide(trial), index), dtype)
    return jnp.concatenate(pair)[: 3 * spins]


def start(system: Assembled, key, trial) -> Vectors:
    """A draw of the thermal equilibrium in the well, linearised."""
    spins = system.alpha.shape[0]
    xi = draws(key, trial, jnp.uint32(0), spins, system.noise.dtype)[: 2 * spins]
    q = system.tilt[:, None] + system.spread @ xi
    return spins_of((q[:spins], q[spins:]), system.sign)


def field(system: Assembled, m: Vectors) -> Vectors:
    """Effective flux density [T]."""
    spins = m[0].shape[0]
    if spins == 1:  # nine products that fuse with what follows
        rows = zip(system.matrix, system.bias, strict=True)
        b = tuple(sum(k * x for k, x in zip(row, m, strict=True)) + b for row, b in rows)
    else:
        b = system.matrix @ jnp.concatenate(m) + system.bias[:, None]
        # A fusion of the product with what follows would not use the fast kernel.
        b = tuple(lax.split(lax.optimization_barrier(b), (spins,) * 3))
    for term in system.rest:
        more = jax.vmap(term.field, -1, -1)(jnp.stack(m, 1))
        b = tuple(x + more[:, i] for i, x in enumerate(b))
    return b


def over_batch(x: Array) -> Array:
    """A quantity of spins, or of spins and samples, beside `(spins, batch)`."""
    return x[:, None] if x.ndim == 1 else x


def increment(system: Assembled, m: Vectors, b: Vectors) -> Vectors:
    r"""Change of `m` in one step, $\dot m\, \Delta t$; see `System` for the equation."""
    c = cross(m, b)
    d = cross(m, c)
    rotation, alpha = over_batch(system.rotation), over_batch(system.alpha)
    return tuple(-rotation * (x + alpha * y) for x, y in zip(c, d, strict=True))


def torque(system: Assembled, m: Vectors, source) -> tuple[Vectors, Array]:
    """Fields that follow the pulse [T], such as `a p x m`, and the mean cosine."""
    p = system.polariser
    along = p[0] * m[0] + p[1] * m[1] + p[2] * m[2]
    single = along.shape[0] == 1
    cosine = system.weight[0] * along[0] if single else system.weight @ along
    voltage = system.circuit.junction_voltage(cosine, source)
    a = over_batch(system.torque) * voltage[None]
    b = tuple(a * x for x in cross(p, m))
    if system.drives:
        stacked = jnp.stack(m, 1)
        follow = {
            Follows.VOLTAGE: lambda: voltage,
            Follows.CURRENT: lambda: system.circuit.current(cosine, voltage),
            Follows.SOURCE: lambda: source,
        }
        for drive in system.drives:
            more = jax.vmap(drive.field, -1, -1)(stacked, follow[drive.follows]())
            b = tuple(x + more[:, i] for i, x in enumerate(b))
    return b, cosine


def turn(system: Assembled, m: Vectors, b: Vectors) -> Vectors:
    """Rotation vector of a step: `increment` is its cross product with `m`."""
    rotation, alpha = over_batch(system.rotation), over_batch(system.alpha)
    return tuple(rotation * (x + alpha * y) for x, y in zip(b, cross(m, b), strict=True))


def cayley(w: Vectors, m: Vectors) -> Vectors:
    r"""The rotation $m' - m = w \times (m' + m) / 2$, by the angle $2 \arctan(|w| / 2)$."""
    once = cross(w, m)
    twice = cross(w, once)
    scale = 1 / (1 + (w[0] ** 2 + w[1] ** 2 + w[2] ** 2) / 4)
    return tuple(x + scale * (y + z / 2) for x, y, z in zip(m, once, twice, strict=True))


def advance(
    system: Assembled, m: Vectors, source, thermal: Float[Array, "n batch"]
) -> tuple[Vectors, Float[Array, " batch"]]:
    """One step (Stratonovich), renormalised; also the mean cosine before it."""
    spins = m[0].shape[0]
    # Without the barrier XLA computes the noise again in every use.
    thermal = checkpoint_name(lax.optimization_barrier(thermal), "saved")
    amplitude = over_batch(system.noise)
    noise = tuple(amplitude * x for x in lax.split(thermal, (spins,) * 3))
    total = lambda m, drive: tuple(
        checkpoint_name(x + y + z, "saved")
        for x, y, z in zip(field(system, m), drive, noise, strict=True)
    )
    mean = lambda a, b: tuple((x + y) / 2 for x, y in zip(a, b, strict=True))
    drive, cosine = torque(system, m, source)
    b = total(m, drive)
    if system.integrator is Integrator.CAYLEY:
        first = turn(system, m, b)
        ahead = cayley(first, m)
        b = total(ahead, torque(system, ahead, source)[0])
        m = cayley(mean(first, turn(system, ahead, b)), m)
    else:
        first = increment(system, m, b)
        ahead = tuple(x + y for x, y in zip(m, first, strict=True))
        b = total(ahead, torque(system, ahead, source)[0])
        step = mean(first, increment(system, ahead, b))
        m = tuple(x + y for x, y in zip(m, step, strict=True))
    shrink = lax.rsqrt(m[0] ** 2 + m[1] ** 2 + m[2] ** 2)
    return tuple(x * shrink for x in m), cosine
