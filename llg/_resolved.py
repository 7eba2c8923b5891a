import jax
from jaxtyping import Array

from ..data import Outcome


def resolved(good: Array) -> Outcome:
    """One outcome for each value: successful or not resolved."""
    one = lambda x: Outcome.where(x, Outcome.successful, Outcome.not_resolved)
    flat = jax.vmap(one)(good.reshape(-1))
    return jax.tree.map(lambda x: x.reshape(good.shape), flat)
