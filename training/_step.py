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
    epochs: int = eqx.field(static=True)
    teacher: Any = None
    sharding: Any = eqx.field(static=True, default=None)

    def value(self, logits: Array, x: Array, y: Array) -> Float[Array, ""]:
        """The loss; with a teacher, also of what that answers."""
        if self.teacher is None:
            return self.loss(logits, y)
        taught = jax.lax.stop_gradient(batched(self.teacher, x))
        return self.loss(logits, y, taught)

    def forward_at(self, step: Int[Array, ""], steps: int) -> Any:
        """The forward pass of a step; one with an `at` learns how far training is."""
        if not hasattr(self.forward, "at"):
            return self.forward
        return self.forward.at(step / (self.epochs * steps))


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
        number, index, key = at
        network, moments = eqx.combine(carry, static)
        augment_key, chip_key = jr.split(key)
        images, labels = x[index], y[index]
        if rules.sharding is not None:
            images, labels = (
                jax.lax.with_sharding_constraint(v, rules.sharding)
                for v in (images, labels)
            )
        if rules.augment is not None:
            images = rules.augment(images, augment_key)

        forward = rules.forward_at(state.epoch * steps + number, steps)

        @eqx.filter_value_and_grad(has_aux=True)
        def loss(network):
            logits = forward(network, images, chip_key)
            return rules.value(logits, images, labels), accuracy(logits, labels)

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
        step, carried, (jnp.arange(steps), indices, jr.split(step_key, steps))
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
    return rules.value(logits, x, y), accuracy(logits, y)
