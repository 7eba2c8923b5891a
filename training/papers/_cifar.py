"""ResNet-18 on CIFAR-10: the one recipe, and its networks in a folder."""

import functools
import hashlib
import pathlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from ... import data
from .._augment import crop_and_flip
from .._normalisation import estimate_statistics
from .._optimizer import sgd
from .._resnet import resnet18, Stem
from .._train import train
from .._weights import load_weights, save_weights
from ._card import Card
from ._session import Session


ESTIMATED = 3840


def cifar_images(
    limit: int | None = None,
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Training and test images, channels last, each channel standardised; float32."""
    with jax.enable_x64(False):
        task = data.learning("cifar-10", limit=limit)
        last = lambda x: jnp.transpose(x, (0, 2, 3, 1))
        x, test = last(task.train.x), last(task.test.x)
        mean, deviation = (f(x, axis=(0, 1, 2)) for f in (jnp.mean, jnp.std))
        standard = lambda x: (x - mean) / deviation
        return (standard(x), task.train.y), (standard(test), task.test.y)


def cifar_resnet18(
    images: tuple[Float[Array, "samples h w c"], Int[Array, " samples"]],
    folder: pathlib.Path,
    *,
    seed: int,
    epochs: int = 16,
    width: float = 0.5,
    stem: Stem = Stem.IMAGENET,
    start: pathlib.Path | None = None,
    rise: float = 0.3,
    peak: float = 0.2,
    decay: float = 5e-4,
    margin: int = 4,
) -> Any:
    """ResNet-18 trained on CIFAR-10, its normalisations held; read if it is there.

    Stochastic gradient descent with one cycle, batches of 128, shifted and mirrored
    images; all in float32, whatever the program has set. `folder` gets `resnet18.npz`
    in the end, and until then a checkpoint, from which the same call goes on.

    **Arguments:**

    - `images`: Training images and labels, see `cifar_images`.
    - `rise`, `peak`: Share of the training until the largest learning rate, and that.
    - `decay`: Of the weights.
    - `margin`: Largest shift of an image.
    - `start`: Weights to go on from.
    """
    with jax.enable_x64(False):
        k_network, k_train = jr.split(jr.key(seed))
        blank = resnet18(10, key=k_network, stem=stem, width=width)
        done = folder / "resnet18.npz"
        if done.exists():
            return load_weights(done, estimate_statistics(blank, images[0][:8]))
        if start is not None:
            blank = load_weights(start, blank)
        folder.mkdir(parents=True, exist_ok=True)
        batch = min(128, len(images[1]))
        run = train(
            blank,
            images,
            key=k_train,
            epochs=epochs,
            batch=batch,
            optimizer=sgd(
                epochs * (len(images[1]) // batch), peak=peak, decay=decay, rise=rise
            ),
            augment=functools.partial(crop_and_flip, margin=margin),
            log=folder / "resnet18.jsonl",
            checkpoint=folder / "resnet18.h5",
        )
        network = estimate_statistics(run.network, images[0][:ESTIMATED])
        save_weights(done, network)
        return network


def right(
    network: Any, x: Float[Array, "samples h w c"], y: Int[Array, " samples"]
) -> Bool[Array, " samples"]:
    """Which images the network has right; in float32."""
    with jax.enable_x64(False):
        return jnp.argmax(answers(network, x), -1) == y


@eqx.filter_jit
def answers(
    network: Any, x: Float[Array, "samples h w c"]
) -> Float[Array, "samples classes"]:
    """Logits, a few hundred images at a time; compiled once for a structure."""
    return jax.lax.map(network, x, batch_size=min(500, len(x)))


class Networks:
    """The trained networks of a run, its calibration images and its test images."""

    def __init__(self, card: Card, session: Session, test: str = "test_images"):
        number = session.size("train_images")
        train, (x, y) = cifar_images()
        self.train = train[0][:number], train[1][:number]
        self.calibration = train[0][: min(card.count("network.calibration"), number)]
        self.x, self.y = (v[: session.size(test)] for v in (x, y))
        self.folder = session.directory / "networks"
        self.options = {
            "epochs": session.size("train_epochs"),
            "width": session.size("network_width"),
        }

    def of(self, seed: int) -> Any:
        """The network of a seed: trained, or read from `networks/seed-N`."""
        return cifar_resnet18(
            self.train, self.folder / f"seed-{seed}", seed=seed, **self.options
        )

    def sha256(self, seed: int) -> str:
        """Of the file that the network of a seed was read from, or was left in."""
        content = (self.folder / f"seed-{seed}" / "resnet18.npz").read_bytes()
        return hashlib.sha256(content).hexdigest()

    def right(self, network: Any, images: int | None = None) -> np.ndarray:
        """Which of the first test images, or of all that were read, it has right."""
        return np.asarray(right(network, self.x[:images], self.y[:images]))
