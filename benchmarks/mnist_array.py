"""MNIST on arrays of the fitted granular device: 2-bit cells, noise, converters, wires.

    mtjax run --out RUN
    MTJAX_DATA=FOLDER python benchmarks/mnist.py mlp --out FLOAT
    MTJAX_DATA=FOLDER python benchmarks/mnist_array.py RUN FLOAT [--wire 1.0] [--tile 128]

The perceptron of `mnist.py` is placed on chips as it is, and after noise-aware training
(fresh cells in every step, wires to first order). Both are tested on the same ten chips,
none seen in training, each programmed once and solved exactly; nothing is trained after
that. All 10,000 test images.
"""

import argparse
import pathlib
import time
from typing import Any

import h5py
import jax
import jax.numpy as jnp
import jax.random as jr

from mtjax import compact, crossbar, data, training


def fitted_cell(folder):
    """The levels of the device that a run fitted, as a table in single precision."""
    jax.config.update("jax_enable_x64", True)
    with h5py.File(folder / "fits.h5") as file:
        group: Any = file["levels/model"]
        values: dict[str, Any] = {name: group[name][()] for name in group}
    model = compact.GranularSynapse(data.State.PARALLEL, False, **values)
    levels = model.levels(model.assign(4))
    print(
        "levels / uS:", 1e6 * levels.conductance, "cycle to cycle:", 1e6 * levels.cycle_std
    )
    jax.config.update("jax_enable_x64", False)
    single = lambda v: jnp.asarray(v, jnp.float32)
    return compact.TableCell(
        conductance=single(levels.conductance),
        cycle_std=single(levels.cycle_std),
        device_std=single(levels.device_std),
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("float", type=pathlib.Path)
    parser.add_argument("--wire", type=float, default=1.0, help="Ohm a segment")
    parser.add_argument("--tile", type=int, default=128)
    parser.add_argument("--bits", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--chips", type=int, default=10)
    arguments = parser.parse_args()
    cell = fitted_cell(arguments.run)
    spec = crossbar.Spec(
        tile=arguments.tile,
        wire=arguments.wire,
        adc_bits=arguments.bits,
        dac_bits=arguments.bits,
    )
    task = data.learning("mnist")
    flat = lambda part: (part.x.reshape(-1, 784), part.y)
    blank = training.mlp((784, 256, 128, 10), key=jr.key(0))
    network = training.load_weights(arguments.float / "mlp.npz", blank)
    x, y = flat(task.test)
    plain = float(training.accuracy(jax.jit(jax.vmap(network))(x), y))
    begun = time.perf_counter()
    steps = arguments.epochs * (len(task.train) // 128)
    aware = training.train(
        network,
        flat(task.train),
        key=jr.key(1),
        epochs=arguments.epochs,
        batch=128,
        forward=training.ThroughArray(
            cell, spec, wires=training.Wires.FIRST_ORDER, ramp=0.2
        ),
        optimizer=training.adamw(steps, peak=1e-3),
        log=arguments.float / "array.jsonl",
        checkpoint=arguments.float / f"array-{arguments.wire:g}-{arguments.epochs}.h5",
    )
    trained = time.perf_counter() - begun
    keys = jr.split(jr.key(2), arguments.chips)
    chips = {
        name: training.evaluate_chips(network, cell, spec, x, y, keys=keys).accuracy
        for name, network in (
            ("as trained in float", network),
            ("noise-aware", aware.network),
        )
    }
    seconds = time.perf_counter() - begun - trained
    print(
        f"float {100 * plain:.2f} %; {arguments.wire:g} Ohm a segment, {arguments.tile} x "
        f"{arguments.tile} tiles, {arguments.bits}-bit converters; "
        f"trained {trained:.0f} s, tested {seconds:.0f} s"
    )
    rows = {name: [float(v) for v in values] for name, values in chips.items()}
    print(training.Scores.of(rows).table(against="as trained in float"))


if __name__ == "__main__":
    main()
