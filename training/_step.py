from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ._metrics import accuracy


def batched(
    network: Any, x: Float[Array, "samples ..."], key: PRNGKeyArray | None = None
) -> Float[Array, "samples ..."]:
    """The network on every sample: the float forward pass, which takes no key."""
    return jax.vmap(network, axis_name="batch")(x)


class Rules(eqx.Module):
    """What a training step does, apart from the numbers: compared by identity."""

    forward: Any
    loss: Callable = eqx.field(static=True)
    optimizer: Any = eqx.field(static=True)
    augment: Callable | None = eqx.field(static=True)
    batch: int = eqx.field(static=True)


class State(eqx.Module):
    """What training carries from epoch to epoch; enough to go on exactly."""

    network: Any
    optimizer: Any
    epoch: Int[Array, ""]


def start(network: Any, rules: Rules) -> State:
    """The state before the first epoch."""
    moments = rules.optimizer.init(eqx.filter(network, eqx.is_inexact_array))
    return State(network, moments, jnp.asarray(0))


@eqx.filter_jit
def epoch(
    state: State,
    x: Float[Array, "samples ..."],
    y: Int[Array, " samples"],
    key: PRNGKeyArray,
    rules: Rules,
) -> tuple[State, Float[Array, " steps"], Float[Array, " steps"]]:
    """One pass over the data in a random order: new state, losses and accuracies.

    The order, and the key that each step hands to `forward` (a fresh chip) and to
    `augment`, depend on `key` and the number of the epoch only. An incomplete last
    batch is left out.
    """
    order_key, step_key = jr.split(jr.fold_in(key, state.epoch))
    steps = x.shape[0] // rules.batch
    order = jr.permutation(order_key, x.shape[0])[: steps * rules.batch]
    carried, static = eqx.partition((state.network, state.optimizer), eqx.is_array)

    def step(carry, at):
        index, key = at
        network, moments = eqx.combine(carry, static)
        augment_key, chip_key = jr.split(key)
        images = x[index]
        if rules.augment is not None:
            images = rules.augment(images, augment_key)

        @eqx.filter_value_and_grad(has_aux=True)
        def loss(network):
            logits = rules.forward(network, images, chip_key)
            return rules.loss(logits, y[index]), accuracy(logits, y[index])

        (value, right), gradient = loss(network)
        parameters = eqx.filter(network, eqx.is_inexact_array)
        updates, moments = rules.optimizer.update(gradient, moments, parameters)
        network = optax.apply_updates(parameters, updates)
        carry, _ = eqx.partition(
            (eqx.combine(network, eqx.combine(carry, static)[0]), moments), eqx.is_array
        )
        return carry, (value, right)

    indices = order.reshape(steps, rules.batch)
    carried, (losses, rights) = jax.lax.scan(
        step, carried, (indices, jr.split(step_key, steps))
    )
    network, moments = eqx.combine(carried, static)
    return State(network, moments, state.epoch + 1), losses, rights


@eqx.filter_jit
def score(
    network: Any,
    x: Float[Array, "samples ..."],
    y: Int[Array, " samples"],
    key: PRNGKeyArray,
    rules: Rules,
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Loss and accuracy of one forward pass over all samples."""
    logits = rules.forward(network, x, key)
    return rules.loss(logits, y), accuracy(logits, y)
