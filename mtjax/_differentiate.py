"""Step 5: the derivative of a network's loss with respect to what it is made of."""

import functools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, Int, PRNGKeyArray

from mtjax import compact, crossbar, data, llg, training
from mtjax.data import quantity, Scalar

from ._setup import Setup, Sweep


class Written(eqx.Module):
    """What a chip is made of and written with.

    The voltages on the data sheet (those of the fit and of the levels) stay; `amplitude`
    is what the driver really puts out.
    """

    device: llg.GranularJunction
    amplitude: Scalar = quantity("1", above=0, default=1.0, doc="actual over nominal volts")


class Held(eqx.Module):
    """What is not differentiated: trained weights, samples, levels as designed, array."""

    network: Any
    x: Float[Array, "samples inputs"]
    y: Int[Array, " samples"]
    table: compact.LevelTable
    spec: crossbar.Spec


def loss(
    written: Written,
    held: Held,
    sweep: Sweep,
    *,
    key: PRNGKeyArray,
    grains: llg.Microstructure,
    dtype: Any,
    gradient: llg.Pathwise | llg.Score,
) -> Float[Array, ""]:
    """Cross-entropy of one chip, from the grains up."""
    k_sweep, k_chip = jr.split(key)
    pulses = sweep.pulses
    actual = eqx.tree_at(lambda p: p.voltage, pulses, pulses.voltage * written.amplitude)
    levels = llg.sweep(
        written.device,
        grains,
        actual,
        sweep.grid,
        observe=llg.Level(),
        key=k_sweep,
        trials=sweep.trials,
        dtype=dtype,
        gradient=gradient,
    )
    levels = eqx.tree_at(lambda statistics: statistics.pulses, levels, pulses)
    return _loss_on_chip(levels, held, k_chip)


def _loss_on_chip(levels, held: Held, key) -> Float[Array, ""]:
    """The loss of the chip that the statistics lead to, with its derivative attached.

    Value and derivative with respect to the statistics come from one compiled function,
    so that central differences and reverse passes share it.
    """
    fixed = jax.tree.map(jax.lax.stop_gradient, levels)
    value, slope = _value_and_slope(fixed, held, key)
    moved = jax.tree.map(
        lambda x, x0, dx: jnp.sum(dx * (x - x0)),
        eqx.filter(levels, eqx.is_inexact_array),
        eqx.filter(fixed, eqx.is_inexact_array),
        slope,
    )
    return value + sum(jax.tree.leaves(moved))


@eqx.filter_jit
@eqx.filter_value_and_grad
def _value_and_slope(levels, held: Held, key) -> Float[Array, ""]:
    cell = compact.fit(compact.GranularSynapse.start(levels), levels).model
    chip = training.on_array(held.network, cell, held.spec, key=key, table=held.table)
    return training.cross_entropy(jax.vmap(chip)(held.x), held.y)


def held(
    setup: Setup,
    network: Any,
    cell: compact.GranularSynapse,
    task: data.Learning,
    sweep: Sweep,
    spec: crossbar.Spec,
) -> Held:
    """The first samples, and the levels as the fitted cell assigns them for this sweep."""
    number = setup.sensitivities.samples
    x, y = task.test.x, task.test.y
    shorter = eqx.tree_at(lambda c: c.write_width, cell, jnp.max(sweep.pulses.width))
    table = shorter.levels(shorter.assign(spec.levels))
    return Held(network, x[:number], y[:number], table, spec)


def code(
    setup: Setup,
    network: Any,
    cell: compact.GranularSynapse,
    task: data.Learning,
    *,
    key: PRNGKeyArray,
    progress: Callable[[int, int], None],
) -> list[dict[str, Any]]:
    """Column (a): reverse pass beside central differences of the same float64 function.

    Plain values; derivatives are with respect to the logarithm of the parameter.
    """
    k_grains, k_loss = jr.split(key)
    sweep = setup.sensitivities.code
    ideal = crossbar.Spec(
        levels=setup.array.levels,
        tile=setup.array.tile,
        wire=setup.array.wire,
        read_voltage=setup.array.read_voltage,
    )
    function = functools.partial(
        loss,
        grains=llg.microstructures(setup.device, sweep.draws, key=k_grains),
        dtype=jnp.float64,
        gradient=llg.Pathwise(),
    )
    rows = training.central_differences(
        function,
        Written(device=setup.device),
        held(setup, network, cell, task, sweep, ideal),
        sweep,
        key=k_loss,
        step=1e-5,
        where=lambda name: name in setup.sensitivities.parameters,
        progress=progress,
    )
    return [
        {
            "name": row.name,
            "reverse": row.reverse * row.value,
            "difference": row.difference * row.value,
            "relative_error": row.relative_error,
        }
        for row in rows
    ]


def truth(
    setup: Setup,
    network: Any,
    cell: compact.GranularSynapse,
    task: data.Learning,
    *,
    key: PRNGKeyArray,
    progress: Callable[[int, int], None],
) -> dict[str, Any]:
    """Column (b): mean and standard error over keys, each with grains of its own.

    By the likelihood ratio: over a whole pulse the path's own derivative explodes.

    Plain values: the rows of all parameters, and the loss with each key.
    """
    sweep = setup.sensitivities.truth

    def function(written, *args, key):
        k_grains, k_loss = jr.split(key)
        grains = llg.microstructures(setup.device, sweep.draws, key=k_grains)
        return loss(
            written,
            *args,
            key=k_loss,
            grains=grains,
            dtype=jnp.float32,
            gradient=llg.Score(),
        )

    found = training.sensitivity(
        function,
        Written(device=setup.device),
        held(setup, network, cell, task, sweep, setup.array),
        sweep,
        keys=jr.split(key, setup.sensitivities.keys),
        progress=progress,
    )
    return {"rows": found.rows(), "losses": found.losses.tolist()}
