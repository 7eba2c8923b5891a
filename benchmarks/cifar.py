"""Float baseline on CIFAR-10: ResNet-18.

    MTJAX_DATA=FOLDER python benchmarks/cifar.py [--seed 0] [--epochs 16] [--width 0.5]
        [--stem imagenet] [--start FILE.npz] [--rise 0.3] [--margin 4] [--out DIR]

The recipe is that of `mtjax reproduce`, which takes the networks from OUT/networks/seed-N.
Prints test accuracy and time, and leaves the network, its normalisations held with the
statistics of 3,840 training images, in DIR/resnet18.npz. The test images are read once,
at the end. Interrupted, the same command goes on from its checkpoint; a finished network
is not trained again.
"""

import argparse
import pathlib
import time

from mtjax import training
from mtjax.training import papers


def scores(network, x, y):
    """Accuracy in per cent, and with the mean answer to an image and its mirror image."""
    plain, mirrored = papers.answers(network, x), papers.answers(network, x[:, :, ::-1])
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

    train, test = papers.cifar_images()
    begun = time.perf_counter()
    network = papers.cifar_resnet18(
        train,
        arguments.out,
        seed=arguments.seed,
        epochs=arguments.epochs,
        width=arguments.width,
        stem=training.Stem[arguments.stem.upper()],
        start=arguments.start,
        rise=arguments.rise,
        peak=arguments.peak,
        decay=arguments.decay,
        margin=arguments.margin,
    )
    seconds = time.perf_counter() - begun
    plain, mirrored = scores(network, *test)
    print(
        f"ResNet-18, width {arguments.width:g}, {arguments.stem} stem: {plain:.2f} % of "
        f"{len(test[1])} test images ({mirrored:.2f} % with their mirror images) after "
        f"{arguments.epochs} epochs, {seconds:.0f} s in this call"
    )


if __name__ == "__main__":
    main()
