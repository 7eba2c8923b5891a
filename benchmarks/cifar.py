"""Float baseline on CIFAR-10: ResNet-18.

    MTJAX_DATA=FOLDER python benchmarks/cifar.py [--epochs 16] [--width 0.5]
        [--stem imagenet] [--start FILE.npz] [--rise 0.3] [--margin 4] [--out DIR]

Prints test accuracy and time, and leaves the network, its normalisations held with the
statistics of 3,840 training images, in DIR/resnet18.npz. The test images are read once,
at the end. Interrupted, the same command goes on from its checkpoint.
"""

import argparse
import functools
import pathlib
import time

import jax
import jax.numpy as jnp
import jax.random as jr

from mtjax import data, training


ESTIMATED = 3840


def images():
    """Training and test images, channels last, each channel standardised."""
    task = data.learning("cifar-10")
    last = lambda x: jnp.transpose(x, (0, 2, 3, 1))
    x, test = last(task.train.x), last(task.test.x)
    mean, deviation = (f(x, axis=(0, 1, 2)) for f in (jnp.mean, jnp.std))
    return ((x - mean) / deviation, task.train.y), ((test - mean) / deviation, task.test.y)


def scores(network, x, y):
    """Accuracy in per cent, and with the mean answer to an image and its mirror image."""
    answer = jax.jit(lambda x: jax.lax.map(network, x, batch_size=500))
    plain, mirrored = answer(x), answer(x[:, :, ::-1])
    score = lambda logits: 100 * float(training.accuracy(logits, y))
    return score(plain), score(plain + mirrored)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--width", type=float, default=0.5)
    parser.add_argument("--stem", choices=("imagenet", "cifar"), default="imagenet")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("cifar-run"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=pathlib.Path, help="weights to go on from")
    parser.add_argument("--rise", type=float, default=0.3, help="of the learning rate")
    parser.add_argument("--peak", type=float, default=0.2, help="largest learning rate")
    parser.add_argument("--decay", type=float, default=5e-4)
    parser.add_argument("--margin", type=int, default=4, help="largest shift of an image")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    k_network, k_train = jr.split(jr.key(arguments.seed))

    train, test = images()
    stem = training.Stem[arguments.stem.upper()]
    blank = training.resnet18(10, key=k_network, stem=stem, width=arguments.width)
    if arguments.start:
        blank = training.load_weights(arguments.start, blank)
    steps = arguments.epochs * (len(train[1]) // 128)
    begun = time.perf_counter()
    run = training.train(
        blank,
        train,
        key=k_train,
        epochs=arguments.epochs,
        batch=128,
        optimizer=training.sgd(
            steps, peak=arguments.peak, decay=arguments.decay, rise=arguments.rise
        ),
        augment=functools.partial(training.crop_and_flip, margin=arguments.margin),
        log=arguments.out / "resnet18.jsonl",
        checkpoint=arguments.out / "resnet18.h5",
    )
    seconds = time.perf_counter() - begun
    network = training.estimate_statistics(run.network, train[0][:ESTIMATED])
    training.save_weights(arguments.out / "resnet18.npz", network)
    plain, mirrored = scores(network, *test)
    print(
        f"ResNet-18, width {arguments.width:g}, {arguments.stem} stem: {plain:.2f} % of "
        f"{len(test[1])} test images ({mirrored:.2f} % with their mirror images) after "
        f"{arguments.epochs} epochs, {seconds:.0f} s in this call"
    )


if __name__ == "__main__":
    main()
