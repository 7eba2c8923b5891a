"""What the arrays answer: effective weights, accuracy, tuning."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
from jaxtyping import Array, Bool, Float

from ..._metrics import cross_entropy
from ._device import size
from ._solutions import credit, forward, Weights
from ._write import Devices, effective


def drawn(
    card, session, part: int, number: int, arrays: int, *, vary: bool = True
) -> Devices:
    """The devices of all arrays of a diameter, along a leading axis."""
    keys = jr.split(session.key(3, 1, part, number), arrays)
    return jax.vmap(lambda key: Devices.draw(card, number, key=key, vary=vary))(keys)


def read_weights(
    card,
    number: int,
    devices: Devices,
    states: Bool[Array, "arrays solutions lines lines"],
    *,
    wires: bool = True,
    shunt: bool = True,
) -> Weights:
    """Effective weights of each solution on each array, in units of the nominal pair."""
    found = size(card, number)
    unit = 1 / found["parallel"] - 1 / found["antiparallel"]
    return _read(card, devices, states, jnp.asarray(unit, jnp.float32), wires, shunt)


@functools.partial(jax.jit, static_argnums=(0, 4, 5))
def _read(card, devices, states, unit, wires, shunt):
    hidden = card.count("training.hidden")

    def one(devices, state):
        matrix = devices.conductance(state)
        if wires:
            matrix = effective(card, matrix, shunt=shunt)
        pairs = (matrix[:, 0:-1:2] - matrix[:, 1::2]) / unit
        return pairs[:14, :hidden], pairs[:hidden, hidden : hidden + 3]

    return jax.lax.map(lambda each: jax.vmap(one, (None, 0))(*each), (devices, states))


@functools.partial(jax.jit, static_argnames="unit")
def score(x, y, weights: Weights, unit: float) -> Float[Array, "arrays solutions"]:
    """Accuracy with its own rows for each solution."""
    one = lambda x, y, a, b: jnp.mean(credit(forward(x, (a, b), unit), y))
    return jax.vmap(jax.vmap(one), (None, None, 0, 0))(x, y, *weights)


@functools.partial(jax.jit, static_argnames=("unit", "steps"))
def tuned_score(x, y, u, v, weights: Weights, unit, *, rate, steps):
    """Accuracy with a gain and an offset for each output, fitted on the training rows."""
    optimizer = optax.adam(rate)

    def one(x, y, u, v, a, b):
        outputs = forward(x, (a, b), unit)

        def step(carry, _):
            tuned, moments = carry
            loss = lambda t: cross_entropy(outputs * t[0] + t[1], y)
            updates, moments = optimizer.update(jax.grad(loss)(tuned), moments)
            return (optax.apply_updates(tuned, updates), moments), None

        start = jnp.stack([jnp.ones((1, 3)), jnp.zeros((1, 3))]).astype(outputs.dtype)
        carried, _ = jax.lax.scan(step, (start, optimizer.init(start)), length=steps)
        found: Any = carried[0]
        gain, offset = found
        return jnp.mean(credit(forward(u, (a, b), unit) * gain + offset, v))

    over = jax.vmap(one)
    return jax.lax.map(lambda w: over(x, y, u, v, *w), weights)


def rows_of(found: dict[str, np.ndarray], part: int, *names: str) -> list[jnp.ndarray]:
    """Rows of the split of each solution, `(solutions, rows, ...)`."""
    seeds = found[f"{part}_first"].shape[1]
    return [jnp.repeat(jnp.asarray(found[f"{part}_{n}"]), seeds, axis=0) for n in names]
