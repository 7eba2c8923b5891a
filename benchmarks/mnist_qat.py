"""Quantisation-aware training on MNIST: few levels of a weight, beside float.

    MTJAX_DATA=FOLDER python benchmarks/mnist.py mlp --out FLOAT
    MTJAX_DATA=FOLDER python benchmarks/mnist_qat.py FLOAT [--levels 2] [--inputs 256]

Starts from the float network. Every linear layer has its weights on a grid of so many
levels (two: one bit, a sign and one scale for the layer); with `--inputs`, so have the
numbers that enter it. Test images are read once, at the end.
"""

import argparse
import pathlib
import time

import jax
import jax.random as jr

from mtjax import data, training


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("float", type=pathlib.Path)
    parser.add_argument("--levels", type=int, default=2)
    parser.add_argument("--inputs", type=int)
    parser.add_argument("--rounding", choices=("STRAIGHT_THROUGH", "SMOOTH"))
    parser.add_argument("--epochs", type=int, default=8)
    arguments = parser.parse_args()
    rounding = training.Rounding[arguments.rounding or "STRAIGHT_THROUGH"]
    task = data.learning("mnist")
    flat = lambda part: (part.x.reshape(-1, 784), part.y)
    blank = training.mlp((784, 256, 128, 10), key=jr.key(0))
    network = training.load_weights(arguments.float / "mlp.npz", blank)
    forward = training.Quantised(arguments.levels, arguments.inputs, rounding)
    begun = time.perf_counter()
    run = training.train(
        network,
        flat(task.train),
        key=jr.key(1),
        epochs=arguments.epochs,
        batch=128,
        forward=forward,
    )
    seconds = time.perf_counter() - begun
    x, y = flat(task.test)
    score = lambda forward, net: 100 * float(training.accuracy(jax.jit(forward)(net, x), y))
    plain = score(training.batched, network)
    placed, trained = score(forward, network), score(forward, run.network)
    print(
        f"{arguments.levels} levels, inputs {arguments.inputs}, {rounding.value}: "
        f"float {plain:.2f} %, rounded {placed:.2f} %, trained {trained:.2f} % "
        f"({trained - plain:+.2f}), {seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
