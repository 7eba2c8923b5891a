"""The derivative of a simulation: forward mode for a few parameters, else reverse."""

from typing import Any

import equinox as eqx
import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ._adjoint import backward_block
from ._assemble import Assembled
from ._groups import over_blocks, traced
from ._refusal import differentiated_once
from ._simulate import Layout, over_samples, Plan, simulate
from ._tangent import tangent_block


# Samples of a block, so that its many values fit in a core's cache.
_BLOCK_OF_TANGENTS, _BLOCK_OF_ADJOINT = 128, 256
# Numbers of parameters up to which tangents cost less than the adjoint: along a path, and
# with the likelihood ratio.
_FEW, _FEW_SCORED = 6, 4


@eqx.filter_custom_vjp
def differentiable(moved, plan: Plan, prepare, systems: Assembled, keys, relaxation):
    """`simulate`, with its derivative by what made the systems, and by the pulses.

    **Arguments:**

    - `moved`: Devices (a tuple), what else the systems are made of, and the pulses as
        `simulate` takes them.
    - `prepare`: Makes the systems of a device from it and from that else.
    - `systems`, `keys`: As `simulate` takes them.
    - `relaxation`: Share of the tangent that becomes likelihood in a step, or None.
    """
    return simulate(plan, systems, moved[2], keys)


@differentiable.def_fwd
def _forward(perturbed, moved, plan, prepare, systems, keys, relaxation):
    devices, rest, pulses = moved
    chosen = _directions(perturbed, moved, plan, systems)
    if chosen is None:
        results = simulate(plan, systems, pulses, keys)
        return results, jnp.isnan(results[0])
    where, names = chosen
    slopes = [_slopes(device, where, rest, prepare) for device in devices]
    host = lambda x: x if traced(x) else np.asarray(x)
    slopes = jax.tree.map(lambda *x: host(jnp.concatenate(x)), *slopes)
    still = lambda x: not traced(x) and not np.any(x)
    # What a parameter does not move is left out of its part of the loop.
    along = lambda i: jax.tree.map(
        lambda x: None if still(x[..., i]) else x[..., i], slopes
    )
    each = range(_size(devices[0], where))
    cosine, tangents = over_samples(
        plan,
        min(plan.block, _BLOCK_OF_TANGENTS),
        tangent_block,
        (systems, keys, [along(i) for i in each]),
        pulses,
        relaxation,
        names=names,
        settle=plan.settle,
        axial=plan.axial,
    )
    lost = jnp.isnan(cosine)
    tangents = jax.tree.map(lambda x: jnp.where(lost, 0, x), tangents)
    return (cosine, jnp.zeros_like(cosine), None, None), tangents


@differentiable.def_bwd
def _backward(
    residuals, cotangent, perturbed, moved, plan, prepare, systems, keys, relaxation
):
    devices, rest, pulses = moved
    zeros = jnp.zeros((*keys.shape[:2], plan.trials), systems.alpha.dtype)
    cotangent = tuple(zeros if x is None else x for x in cotangent[:2])
    chosen = _directions(perturbed, moved, plan, systems)
    if chosen is not None:
        found = _gathered(residuals, cotangent, devices, rest, pulses, *chosen)
        return differentiated_once(found)

    def all_systems(devices, rest):
        each = [prepare(device, rest) for device in devices]
        return jax.tree.map(lambda *x: jnp.concatenate(x), *each)

    d_systems, d_pulses = _adjoint(
        plan, systems, pulses, keys, relaxation, residuals, cotangent
    )
    _, pull = eqx.filter_vjp(all_systems, devices, rest)
    return differentiated_once((*pull(d_systems), d_pulses))


def _directions(perturbed, moved, plan: Plan, systems: Assembled) -> Any:
    """Which numbers of a device and which pulse arrays move, if these are few.

    None calls for the adjoint, which also serves coupled spins: products of matrices
    take most of their time, and an adjoint needs no more of them than one tangent.
    """
    devices, rest, pulses = perturbed
    if plan.watched or systems.alpha.shape[1] > 1:
        return None
    where = jax.tree.map(lambda *x: any(x), *devices)
    names = tuple(name for name, moves in pulses.items() if moves)
    number = _size(moved[0][0], where) + len(names)
    most = _FEW_SCORED if plan.scored else _FEW
    if any(jax.tree.leaves(rest)) or not 0 < number <= most:
        return None
    return where, names


def _size(device, where: PyTree[bool]) -> int:
    return sum(x.size for x in jax.tree.leaves(eqx.filter(device, where)))


@eqx.filter_jit
def _slopes(device, where: PyTree[bool], rest, prepare) -> Assembled:
    """Derivatives of a device's systems by all numbers that move, along the last axis."""
    moving, still = eqx.partition(device, where)
    flat, unravel = jax.flatten_util.ravel_pytree(moving)
    systems = lambda x: prepare(eqx.combine(unravel(x), still), rest)
    return jax.jacfwd(systems)(flat)


def _gathered(tangents, cotangent, devices, rest, pulses, where, names):
    """Cotangents of all that moved, from the tangents of every trial."""
    wide = lambda x: x.astype(jnp.result_type(float))
    pairs = [tangent if isinstance(tangent, tuple) else (tangent,) for tangent in tangents]
    products = [
        sum(wide(ct) * wide(t) for ct, t in zip(cotangent, pair, strict=False))
        for pair in pairs
    ]
    by_device = products[: len(products) - len(names)]
    of_draws = lambda x: jnp.sum(x.reshape(len(devices), -1), 1)
    sums = jnp.stack([of_draws(x) for x in by_device], 1) if by_device else None

    def spread(i, device):
        moving = eqx.filter(device, where)
        if sums is None:
            return jax.tree.map(lambda _: None, eqx.filter(device, eqx.is_inexact_array))
        return jax.flatten_util.ravel_pytree(moving)[1](sums[i])

    d_devices = tuple(spread(i, device) for i, device in enumerate(devices))
    none = lambda tree: jax.tree.map(lambda _: None, eqx.filter(tree, eqx.is_inexact_array))
    d_pulses = none(pulses) | {
        name: jnp.sum(product, (0, 2)).astype(pulses[name].dtype)
        for name, product in zip(names, products[len(by_device) :], strict=True)
    }
    return d_devices, none(rest), d_pulses


def _numbers_only(index, lost):
    """Sample numbers of each device's blocks, with a good sample for each lost one.

    What has a cotangent of zero must still have a finite derivative.
    """
    lost = lost[:, index.reshape(-1)]
    first = jnp.argmin(lost, 1, keepdims=True).astype(index.dtype)
    kept = jnp.where(lost, first, index.reshape(1, -1))
    return kept.reshape(-1, *index.shape)


def _adjoint(plan: Plan, systems, pulses, keys, relaxation, lost, cotangent):
    """Cotangents of systems and pulses, from those of every trial."""
    layout = Layout(plan, min(plan.block, _BLOCK_OF_ADJOINT), systems, pulses)
    index, order, devices = layout.index, layout.order, layout.devices
    static = {"settle": plan.settle, "steps": plan.steps, "axial": plan.axial}

    def sort(values):
        flat = values[:, order].reshape(devices, -1)
        flat = jnp.pad(flat, ((0, 0), (0, index.size - flat.shape[1])))
        return flat.reshape(devices, *index.shape)

    wanted = tuple(sort(jnp.where(lost, 0, ct)) for ct in cotangent)
    indices = _numbers_only(index, lost[:, order].reshape(devices, -1))
    common = (pulses, order, np.int32(plan.trials), relaxation)
    how = (static, plan.executor, plan.progress)
    found = over_blocks(backward_block, (systems, keys), common, (indices, wanted), *how)
    d_systems = jax.tree.map(lambda x, d: jnp.asarray(d, x.dtype), systems, found[0])
    sums = lambda d: jnp.sum(layout.unsort(d), (0, 2))
    return d_systems, jax.tree.map(sums, found[1])
