"""Float baselines on MNIST: a perceptron of three layers, and LeNet.

    MTJAX_DATA=FOLDER python benchmarks/mnist.py mlp    [--epochs 20] [--out DIR]
    MTJAX_DATA=FOLDER python benchmarks/mnist.py lenet  [--epochs 12] [--out DIR]

Prints test accuracy and time, and leaves the network in DIR/NAME.npz. The test images are
read once, at the end. Interrupted, the same command goes on from its checkpoint.
"""

import argparse
import pathlib
import time

import jax
import jax.random as jr

from mtjax import data, training


def network(name, key):
    """The untrained network, and how its images are to be shaped."""
    if name == "lenet":
        return training.lenet(key=key), (28, 28, 1)
    return training.mlp((784, 256, 128, 10), key=key), (784,)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=("mlp", "lenet"))
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("mnist-run"))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    epochs = arguments.epochs or {"mlp": 20, "lenet": 12}[arguments.name]
    arguments.out.mkdir(parents=True, exist_ok=True)
    k_network, k_train = jr.split(jr.key(arguments.seed))

    task = data.learning("mnist")
    blank, shape = network(arguments.name, k_network)
    shaped = lambda part: (part.x.reshape(-1, *shape), part.y)
    begun = time.perf_counter()
    run = training.train(
        blank,
        shaped(task.train),
        key=k_train,
        epochs=epochs,
        batch=128,
        log=arguments.out / f"{arguments.name}.jsonl",
        checkpoint=arguments.out / f"{arguments.name}.h5",
    )
    seconds = time.perf_counter() - begun
    x, y = shaped(task.test)
    right = float(training.accuracy(jax.jit(jax.vmap(run.network))(x), y))
    training.save_weights(arguments.out / f"{arguments.name}.npz", run.network)
    print(
        f"{arguments.name}: {100 * right:.2f} % of {len(y)} test images after {epochs} "
        f"epochs, {seconds:.0f} s in this call"
    )


if __name__ == "__main__":
    main()
