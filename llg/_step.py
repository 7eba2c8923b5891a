"""One time step of a batch of samples.

A magnetisation is a tuple of its three components, each of shape `(spins, batch)`: the
batch is the last, contiguous axis, and no component is ever transposed.
"""

import jax
import jax.numpy as jnp
from jax import lax
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


def words_per_slot(spins: int) -> int:
    """How many counters two steps use: a counter gives one normal to each of them."""
    return 3 * spins


def draws(
    key: UInt32[Array, "2 batch"],
    trial: UInt32[Array, " batch"],
    slot: UInt32[Array, ""],
    spins: int,
    dtype,
) -> tuple[Float[Array, "n batch"], Float[Array, "n batch"]]:
    """Standard normals, three for each spin, of each trial in both halves of a slot.

    Slot 0 is the start, slot k + 1 the steps 2 k and 2 k + 1. The counter is
    `(trial, slot * words + i)`: a trial is the same whatever else is simulated.
    """
    words = words_per_slot(spins)
    shape = (words, trial.shape[0])
    index = lax.broadcasted_iota(jnp.uint32, shape, 0) + slot * jnp.uint32(words)
    wide = lambda x: jnp.broadcast_to(x[None], shape)
    return normals((wide(key[0]), wide(key[1])), (wide(trial), index), dtype)


def start(system: Assembled, key, trial) -> Vectors:
    """A draw of the thermal equilibrium in the well, linearised."""
    spins = system.alpha.shape[0]
    xi = draws(key, trial, jnp.uint32(0), spins, system.noise.dtype)[0][: 2 * spins]
    q = system.spread @ xi
    return spins_of((q[:spins], q[spins:]), system.frame)


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


def torque(
    system: Assembled, m: Vectors, source, near: Array | None = None, steps: int = 1
) -> tuple[Vectors, Array, Array]:
    """Fields that follow the pulse [T], such as `a p x m`; mean cosine; junction voltage.

    `near` and `steps` are those of `Circuit.junction_voltage`.
    """
    p = system.polariser
    along = p[0] * m[0] + p[1] * m[1] + p[2] * m[2]
    single = along.shape[0] == 1
    cosine = system.weight[0] * along[0] if single else system.weight @ along
    voltage = system.circuit.junction_voltage(cosine, source, near, steps)
    # Without the barrier XLA computes it again for every component.
    voltage = lax.optimization_barrier(voltage)
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
    return b, cosine, voltage


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
    system: Assembled,
    m: Vectors,
    source,
    thermal: Float[Array, "n batch"],
    change: Vectors | None = None,
    voltage: Array | None = None,
) -> tuple[Vectors, Float[Array, " batch"]]:
    """One step (Stratonovich), renormalised; also the mean cosine before it.

    **Arguments:**

    - `thermal`: Normals, three for each spin.
    - `change`: What is added to them.
    - `voltage`: That of the junction, if it is known.
    """
    spins = m[0].shape[0]
    # Kept in memory, or XLA computes it again in every use; so are fields and states.
    kept = lax.optimization_barrier
    amplitude = over_batch(system.noise)
    normals = tuple(lax.split(kept(thermal), (spins,) * 3))
    if change is not None:
        normals = tuple(x + y for x, y in zip(normals, change, strict=True))
    noise = tuple(amplitude * x for x in normals)
    total = lambda m, drive: kept(
        tuple(x + y + z for x, y, z in zip(field(system, m), drive, noise, strict=True))
    )
    mean = lambda a, b: tuple((x + y) / 2 for x, y in zip(a, b, strict=True))
    m = kept(m)
    drive, cosine, voltage = torque(system, m, source, voltage, 0)
    b = total(m, drive)
    if system.integrator is Integrator.CAYLEY:
        first = turn(system, m, b)
        ahead = cayley(first, m)
    else:
        first = _once(increment(system, m, b))
        ahead = tuple(x + y for x, y in zip(m, first, strict=True))
    ahead = kept(ahead)
    b = total(ahead, torque(system, ahead, source, voltage)[0])
    if system.integrator is Integrator.CAYLEY:
        m = cayley(mean(first, turn(system, ahead, b)), m)
    else:
        step = mean(first, increment(system, ahead, b))
        m = tuple(x + y for x, y in zip(m, step, strict=True))
    m = _once(m)
    shrink = lax.rsqrt(m[0] ** 2 + m[1] ** 2 + m[2] ** 2)
    return tuple(x * shrink for x in m), cosine


def _once(m: Vectors) -> Vectors:
    """Has XLA compute the components in two loops, not again in each use.

    It makes a loop for every result; a complex result is one for two components.
    """
    x, y, z = m
    pair, z = lax.optimization_barrier((lax.complex(x, y), z))
    return pair.real, pair.imag, z
