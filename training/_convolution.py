import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


class Convolution(eqx.Module):
    """A convolution as patches times a matrix (im2col), channels last.

    Its kernel is an `equinox.nn.Linear` from the `size * size * inputs` numbers of a
    patch (rows, columns, channels) to the outputs, so whatever is done to linear layers
    (arrays, grids) is done to convolutions.
    """

    linear: eqx.nn.Linear
    size: int = eqx.field(static=True)
    stride: int = eqx.field(static=True)
    padding: int = eqx.field(static=True)

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int,
        *,
        stride: int = 1,
        padding: int = 0,
        use_bias: bool = True,
        key: PRNGKeyArray,
    ):
        self.linear = eqx.nn.Linear(inputs * size**2, outputs, use_bias=use_bias, key=key)
        self.size, self.stride, self.padding = size, stride, padding

    def __call__(self, x: Float[Array, "h w inputs"]) -> Float[Array, "h2 w2 outputs"]:
        patches = to_patches(x, self.size, self.stride, self.padding)
        h, w, numbers = patches.shape
        on_rows = getattr(self.linear, "on_rows", jax.vmap(self.linear))
        return on_rows(patches.reshape(h * w, numbers)).reshape(h, w, -1)


def to_patches(
    x: Float[Array, "h w c"], size: int, stride: int = 1, padding: int = 0
) -> Float[Array, "h2 w2 numbers"]:
    """The `size` by `size` neighbourhood of each output pixel, in one axis."""
    x = jnp.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    h, w = ((n - size) // stride + 1 for n in x.shape[:2])
    if h < 1 or w < 1:
        raise ValueError(
            f"`x` must be at least {size} by {size} with its padding, got {x.shape[:2]}."
        )
    last = lambda first, count: first + stride * (count - 1) + 1
    shifted = [
        x[i : last(i, h) : stride, j : last(j, w) : stride]
        for i in range(size)
        for j in range(size)
    ]
    return jnp.concatenate(shifted, axis=-1)


def max_pool(x: Float[Array, "h w c"], size: int = 2) -> Float[Array, "h2 w2 c"]:
    """The largest number of each `size` by `size` square; what is left over is cut off."""
    h, w, c = x.shape[0] // size, x.shape[1] // size, x.shape[2]
    squares = x[: h * size, : w * size].reshape(h, size, w, size, c)
    return jnp.max(squares, axis=(1, 3))
