"""Learning in situ: a chip that learns Iris by programming pulses, and by nothing else.

    python examples/in_situ.py

The classifier is one array of 2-bit cells in differential pairs. Inference and the
gradient run on the conductances that are really there, wires included. A digital counter
gathers each weight's gradient; when it passes one level, that pair is written to the next
level by open-loop pulses, which land with the spread of the device. The network that was
trained in float and then written once stands beside it, on the same kind of chip.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr

from mtjax import compact, crossbar, data, training


jax.config.update("jax_enable_x64", True)

CELL = compact.TableCell(  # as `mtjax run` fits them, rounded
    conductance=1e-6 * jnp.array([232.0, 286.0, 341.0, 395.0]),
    cycle_std=1e-6 * jnp.array([9.0, 11.0, 12.0, 11.0]),
    device_std=1e-6 * jnp.array([4.0, 5.0, 5.0, 4.0]),
)
TABLE = CELL.levels(CELL.assign(4))
UNIT = crossbar.step_conductance(TABLE.conductance)  # S a level
WIRE, WEIGHT, RATE = 1.0, 0.5, 0.2  # Ohm; weight of a level; learning rate


class Chip(eqx.Module):
    """What is written, what is there, and what the digital side counts."""

    numbers: jax.Array  # levels of the pairs, -3 to 3, shape (inputs, classes)
    conductance: jax.Array  # of both cells, shape (2, inputs, classes) [S]
    counter: jax.Array  # gradient gathered since a pair was written, in weights
    bias: jax.Array
    pulses: jax.Array


def blank(inputs, classes, key):
    """All pairs at their lowest level."""
    numbers = jnp.zeros((inputs, classes))
    cells = write(numbers, key)
    return Chip(numbers, cells, 0 * numbers, jnp.zeros(classes), jnp.asarray(cells.size))


def write(numbers, key):
    """Conductances that open-loop pulses leave [S]."""
    sides = jnp.stack(crossbar.split(numbers))
    return crossbar.program(TABLE, sides, crossbar.OpenLoop(4), key=key).conductance


def weights(cells):
    """What the array multiplies with, wires included, in weights."""
    inputs, classes = cells.shape[1:]
    lines = jnp.moveaxis(cells, 0, -1).reshape(inputs, 2 * classes)
    solved = crossbar.effective(crossbar.Crossbar.wired(lines, WIRE))
    return (solved[:, ::2] - solved[:, 1::2]) / UNIT * WEIGHT


@jax.jit
def learn(chip, x, y, key):
    """One batch: gradient on the array as it is, pulses where a counter is full."""

    def loss(weight, bias):
        return training.cross_entropy(x @ weight + bias[None], y)

    slope, bias_slope = jax.grad(loss, (0, 1))(weights(chip.conductance), chip.bias)
    counter = chip.counter - RATE * slope
    jump = jnp.trunc(counter / WEIGHT)
    numbers = jnp.clip(chip.numbers + jump, -3, 3)
    moved = numbers != chip.numbers
    cells = jnp.where(moved[None], write(numbers, key), chip.conductance)
    counter = jnp.clip(counter - jump * WEIGHT, -WEIGHT, WEIGHT)
    bias = chip.bias - RATE * bias_slope
    return Chip(numbers, cells, counter, bias, chip.pulses + 2 * jnp.sum(moved))


def main():
    task = data.learning("iris")
    (x, y), test = (task.train.x, task.train.y), (task.test.x, task.test.y)
    k_chips, k_float, k_place = jr.split(jr.key(0), 3)
    reached, pulses = [], []
    for key in jr.split(k_chips, 5):
        k_blank, k_order, k_write = jr.split(key, 3)
        chip = blank(x.shape[1], 3, k_blank)
        for epoch in range(30):
            order = jr.permutation(jr.fold_in(k_order, epoch), len(y))
            for number, rows in enumerate(
                jnp.split(order[: len(y) // 15 * 15], len(y) // 15)
            ):
                k = jr.fold_in(k_write, 100 * epoch + number)
                chip = learn(chip, x[rows], y[rows], k)
        logits = test[0] @ weights(chip.conductance) + chip.bias[None]
        reached.append(float(training.accuracy(logits, test[1])))
        pulses.append(int(chip.pulses))
    network = training.mlp((4, 3), key=k_float)
    optimizer = training.adamw(30 * 7, peak=0.05)
    network = training.train(
        network, (x, y), key=k_float, epochs=30, batch=15, optimizer=optimizer
    ).network
    plain = training.accuracy(jax.vmap(network)(test[0]), test[1])
    spec = crossbar.Spec(tile=8, wire=WIRE)
    placed = training.evaluate_chips(
        network, CELL, spec, *test, keys=jr.split(k_place, 5)
    ).accuracy
    rows = {"learned in situ": reached, "float, written once": [float(a) for a in placed]}
    print(training.Scores.of(rows).table())
    print(f"float {100 * plain:.2f}")
    print(f"{sum(pulses) / 5:.0f} pulses a chip for 12 pairs in 30 epochs")


if __name__ == "__main__":
    main()
