import enum

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from ._convolution import Convolution, max_pool
from ._normalisation import batch_norm, NormedConvolution


class Stem(enum.Enum):
    """How a residual network begins.

    - `CIFAR`: 3 x 3, no reduction: for images of 32 x 32.
    - `IMAGENET`: 7 x 7 in steps of two, then pooling: a quarter of the height and width.
    """

    CIFAR = "CIFAR"
    IMAGENET = "ImageNet"


class Block(eqx.Module):
    """Two convolutions beside a short cut, which is a convolution if the shape changes."""

    first: NormedConvolution
    second: NormedConvolution
    short: NormedConvolution | None

    def __call__(self, x: Float[Array, "h w inputs"]) -> Float[Array, "h2 w2 outputs"]:
        y = self.second(jax.nn.relu(self.first(x)))
        return jax.nn.relu(y + (x if self.short is None else self.short(x)))


class ResNet(eqx.Module):
    """Residual network of basic blocks; see `resnet18`."""

    stem: NormedConvolution
    blocks: tuple[Block, ...]
    last: eqx.nn.Linear
    pool: bool = eqx.field(static=True)

    def __call__(
        self, x: Float[Array, "h w c"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, " classes"]:
        x = jax.nn.relu(self.stem(x))
        if self.pool:
            x = max_pool(x)
        for block in self.blocks:
            x = block(x)
        return self.last(jnp.mean(x, axis=(0, 1)))


def resnet18(
    classes: int,
    *,
    key: PRNGKeyArray,
    stem: Stem = Stem.CIFAR,
    width: float = 1.0,
    channels: int = 3,
) -> ResNet:
    """ResNet-18 of He et al. (2016), "Deep residual learning", table 1; channels last.

    The ImageNet stem pools squares of 2 x 2 (the paper: 3 x 3 in steps of two).

    **Arguments:**

    - `classes`: Number of outputs.
    - `stem`: For small or for large images.
    - `width`: Factor of all channel numbers; 64, 128, 256, 512 at 1.
    - `channels`: Of the image.
    """
    if width <= 0 or round(64 * width) < 1:
        raise ValueError(f"`width` must leave at least one channel of 64, got {width:g}.")
    keys = iter(jr.split(key, 64))

    def normed(inputs, outputs, size, stride):
        kernel = Convolution(
            inputs,
            outputs,
            size,
            stride=stride,
            padding=size // 2,
            use_bias=False,
            key=next(keys),
        )
        # He et al. (2015): keeps the variance through a rectifier
        weight = jr.normal(next(keys), kernel.linear.weight.shape)
        weight = weight * jnp.sqrt(2 / weight.shape[1])
        kernel = eqx.tree_at(lambda c: c.linear.weight, kernel, weight)
        return NormedConvolution(kernel, batch_norm(outputs))

    base = round(64 * width)
    large = stem is Stem.IMAGENET
    begin = normed(channels, base, 7 if large else 3, 2 if large else 1)
    blocks, inputs = [], base
    for stage in range(4):
        for number in range(2):
            outputs = round(64 * width * 2**stage)
            stride = 2 if stage > 0 and number == 0 else 1
            change = stride != 1 or inputs != outputs
            blocks.append(
                Block(
                    normed(inputs, outputs, 3, stride),
                    normed(outputs, outputs, 3, 1),
                    normed(inputs, outputs, 1, stride) if change else None,
                )
            )
            inputs = outputs
    return ResNet(
        begin, tuple(blocks), eqx.nn.Linear(inputs, classes, key=next(keys)), large
    )
