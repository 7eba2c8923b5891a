"""A training step on arrays beside a plain equinox step at equal shapes.

    python benchmarks/training_step.py [--batch 128] [--rounds 15]

784-256-128-10, AdamW, float32, one core. The plain step is `equinox.nn.MLP` and optax as
their documents write it. The array step draws fresh cells (4 levels, with their spread),
reads through 6-bit converters on 128 x 128 tiles, no IR drop. CPU time of ten steps in
one `lax.scan`, medians over interleaved rounds, compilation excluded. aihwkit's
hardware-aware training step of the same network where it is installed.
"""

import argparse
import os
import platform
import time


os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax

import mtjax
from mtjax import compact, crossbar, training
from mtjax.training._step import epoch, Rules, start


GOAL, STEPS = 2.0, 10
CELL = compact.TableCell(
    conductance=1e-6 * jnp.array([232.0, 286.0, 341.0, 395.0]),
    cycle_std=1e-6 * jnp.array([9.0, 11.0, 12.0, 11.0]),
    device_std=1e-6 * jnp.array([4.0, 5.0, 5.0, 4.0]),
)


def plain(batch):
    """What equinox's documents write: value, gradient, update."""
    network = eqx.nn.MLP(784, 10, 256, 2, key=jr.key(0))
    hidden = eqx.nn.Linear(256, 128, key=jr.key(1)), eqx.nn.Linear(128, 10, key=jr.key(2))
    network = eqx.tree_at(lambda n: n.layers, network, (network.layers[0], *hidden))
    optimizer = optax.adamw(1e-3)
    moments = optimizer.init(eqx.filter(network, eqx.is_inexact_array))

    @eqx.filter_jit
    def steps(network, moments, x, y):
        arrays, static = eqx.partition(network, eqx.is_array)

        def step(carry, at):
            arrays, moments = carry
            network = eqx.combine(arrays, static)

            @eqx.filter_value_and_grad
            def loss(network):
                logits = jax.vmap(network)(at[0])
                return optax.softmax_cross_entropy_with_integer_labels(logits, at[1]).mean()

            value, gradient = loss(network)
            updates, moments = optimizer.update(
                gradient, moments, eqx.filter(network, eqx.is_inexact_array)
            )
            network = eqx.apply_updates(network, updates)
            return (eqx.filter(network, eqx.is_array), moments), value

        return jax.lax.scan(step, (arrays, moments), (x, y))

    shaped = lambda x, y: (x.reshape(STEPS, batch, -1), y.reshape(STEPS, batch))
    return lambda x, y: steps(network, moments, *shaped(x, y))


def ours(forward, batch):
    """Ten steps of `training.train`."""
    network = training.mlp((784, 256, 128, 10), key=jr.key(0))
    rules = Rules(forward, training.cross_entropy, optax.adamw(1e-3), None, batch, 1)
    state = start(network, rules)
    return lambda x, y: epoch(state, x, y, jr.key(0), rules)


def aihwkit(batch):
    """The same network in aihwkit: inference tile, weight noise, 6-bit converters."""
    try:
        import torch
        from aihwkit.nn import AnalogLinear, AnalogSequential
        from aihwkit.optim import AnalogSGD
        from aihwkit.simulator.configs import InferenceRPUConfig, WeightModifierType
    except ImportError as error:
        print(f"aihwkit: {error}")
        return None
    torch.set_num_threads(1)
    config = InferenceRPUConfig()
    config.modifier.type = WeightModifierType.ADD_NORMAL
    config.modifier.std_dev = 0.1
    config.forward.inp_res = config.forward.out_res = 1 / 62
    config.mapping.max_input_size = config.mapping.max_output_size = 128
    layer = lambda m, n: AnalogLinear(m, n, rpu_config=config)
    network = AnalogSequential(
        layer(784, 256), torch.nn.ReLU(), layer(256, 128), torch.nn.ReLU(), layer(128, 10)
    )
    optimizer = AnalogSGD(network.parameters(), lr=1e-3)
    criterion = torch.nn.CrossEntropyLoss()

    def steps(x, y):
        x, y = (torch.from_numpy(np.array(v)) for v in (x, y))
        for i in range(STEPS):
            rows = slice(i * batch, (i + 1) * batch)
            optimizer.zero_grad()
            criterion(network(x[rows]), y[rows].long()).backward()
            optimizer.step()
        return jnp.zeros(())

    return steps


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    spec = crossbar.Spec(tile=128, dac_bits=6, adc_bits=6)
    x = jr.uniform(jr.key(0), (STEPS * arguments.batch, 784))
    y = jr.randint(jr.key(1), (len(x),), 0, 10)
    array = training.ThroughArray(CELL, spec, wires=training.Wires.NONE)
    cases = {
        "plain equinox": plain(arguments.batch),
        "mtjax, float": ours(training.batched, arguments.batch),
        "mtjax, statistics of pairs": ours(
            training.Statistical(CELL, spec), arguments.batch
        ),
        "mtjax, every cell programmed": ours(array, arguments.batch),
        "aihwkit, noise on weights": aihwkit(arguments.batch),
    }
    cases = {name: case for name, case in cases.items() if case is not None}
    times = {name: [] for name in cases}
    for turn in range(arguments.rounds + 1):
        for name, case in cases.items():
            begun = time.process_time()
            jax.block_until_ready(case(x, y))
            if turn:
                times[name].append((time.process_time() - begun) / STEPS)
    print(f"mtjax {mtjax.__version__}, jax {jax.__version__}, {platform.machine()}")
    base = np.median(times["plain equinox"])
    for name, taken in times.items():
        print(
            f"{name:30s} {1e3 * np.median(taken):8.2f} ms  {np.median(taken) / base:6.2f}"
        )
    ratio = np.median(times["mtjax, statistics of pairs"]) / base
    print(f"goal {GOAL}: {'met' if ratio <= GOAL else 'missed'} ({ratio:.2f})")


if __name__ == "__main__":
    main()
