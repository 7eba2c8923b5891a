import equinox as eqx
import jax
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from ._convolution import Convolution, max_pool
from ._networks import mlp, Perceptron


class LeNet(eqx.Module):
    """Two convolutions with pooling, then a perceptron; see `lenet`."""

    first: Convolution
    second: Convolution
    head: Perceptron

    def __call__(
        self, x: Float[Array, "h w c"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, " classes"]:
        x = max_pool(jax.nn.relu(self.first(x)))
        x = max_pool(jax.nn.relu(self.second(x)))
        return self.head(x.reshape(-1))


def lenet(
    classes: int = 10, *, key: PRNGKeyArray, size: int = 28, channels: int = 1
) -> LeNet:
    """LeNet-5 of LeCun et al. (1998), with rectifiers and maxima; channels last.

    **Arguments:**

    - `classes`: Number of outputs.
    - `size`: Height and width of the image, at least 12.
    - `channels`: Of the image.
    """
    if size < 12:
        raise ValueError(f"`size` must be at least 12 pixels, got {size}.")
    keys = jr.split(key, 3)
    side = (size // 2 - 4) // 2
    return LeNet(
        Convolution(channels, 6, 5, padding=2, key=keys[0]),
        Convolution(6, 16, 5, key=keys[1]),
        mlp((16 * side**2, 120, 84, classes), key=keys[2]),
    )
