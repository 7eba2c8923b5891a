from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec


def over(devices: Sequence[Any] | None, batch: int) -> NamedSharding | None:
    """Samples divided among devices; nothing for one device, the default one."""
    if devices is None:
        return None
    if len(devices) == 0 or batch % len(devices):
        raise ValueError(
            f"`batch` must be a multiple of the {len(devices)} `devices`, got {batch}."
        )
    mesh = Mesh(np.array(devices), ("batch",))
    return NamedSharding(mesh, PartitionSpec("batch"))


def replicated(tree: Any, sharding: NamedSharding | None) -> Any:
    """The arrays of a tree, a copy on each device; as they are without sharding."""
    if sharding is None:
        return tree
    everywhere = NamedSharding(sharding.mesh, PartitionSpec())
    place = lambda leaf: jax.device_put(leaf, everywhere) if eqx.is_array(leaf) else leaf
    return jax.tree.map(place, tree)
