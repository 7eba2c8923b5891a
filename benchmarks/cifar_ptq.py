"""Post-training quantisation of ResNet-18 on CIFAR-10: observers by granularity.

    MTJAX_DATA=FOLDER python benchmarks/cifar.py --out FLOAT
    MTJAX_DATA=FOLDER python benchmarks/cifar_ptq.py FLOAT [--levels 11] [--width 0.5]

The weights of every convolution and of the last layer on so many levels; nothing is
trained. Each row without and with the normalisations' statistics taken again, on 3,840
unlabelled training images, after rounding. All test images.
"""

import argparse
import pathlib
import time

import jax.random as jr

from mtjax import training
from mtjax.training import papers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("float", type=pathlib.Path)
    parser.add_argument("--levels", type=int, default=11)
    parser.add_argument("--width", type=float, default=0.5)
    parser.add_argument("--stem", choices=("imagenet", "cifar"), default="imagenet")
    parser.add_argument("--images", type=int, help="test on the first so many only")
    arguments = parser.parse_args()
    begun = time.perf_counter()
    train, (x, y) = papers.cifar_images()
    x, y, unlabelled = (
        x[: arguments.images],
        y[: arguments.images],
        train[0][: papers.ESTIMATED],
    )
    stem = training.Stem[arguments.stem.upper()]
    blank = training.resnet18(10, key=jr.key(0), stem=stem, width=arguments.width)
    blank = training.estimate_statistics(blank, unlabelled[:8])
    network = training.load_weights(arguments.float / "resnet18.npz", blank)

    def row(name, granularity, network):
        again = training.estimate_statistics(network, unlabelled)
        both = (
            100 * float(training.accuracy(papers.answers(n, x), y))
            for n in (network, again)
        )
        print("{:20s} {:12s} {:8.2f} {:8.2f}".format(name, granularity, *both), flush=True)

    print(f"{arguments.levels} levels, {len(y)} test images; accuracy / %")
    print(f"{'observer':20s} {'limits':12s} {'as it is':>8s} {'again':>8s}")
    row("float", "", network)
    for per_channel in (True, False):
        for observer in training.Observer:
            rounded = training.quantise(
                network, arguments.levels, observer=observer, per_channel=per_channel
            )
            row(observer.value, "per channel" if per_channel else "per tensor", rounded)
    print(f"{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
