import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray


def crop_and_flip(
    x: Float[Array, "samples h w c"], key: PRNGKeyArray, *, margin: int = 4
) -> Float[Array, "samples h w c"]:
    """Each image shifted by up to `margin` pixels and mirrored left to right by chance.

    What the shift uncovers is reflected. For `augment` of `train`.
    """
    samples, h, w, _ = x.shape
    k_shift, k_flip = jr.split(key)
    padding = (0, 0), (margin, margin), (margin, margin), (0, 0)
    wide = jnp.pad(x, padding, mode="reflect")
    shift = jr.randint(k_shift, (2, samples), 0, 2 * margin + 1)
    flip = jr.bernoulli(k_flip, shape=(samples, 1))
    columns = jnp.where(flip, jnp.arange(w)[::-1], jnp.arange(w))
    rows = shift[0][:, None] + jnp.arange(h)
    columns = shift[1][:, None] + columns
    return jax.vmap(lambda image, i, j: image[i][:, j])(wide, rows, columns)
