"""A small granular device that compiles and runs in seconds."""

import equinox as eqx
import jax.numpy as jnp

import mtjax.llg as llg


def small(grains: int = 4) -> llg.GranularJunction:
    """The preset with few grains."""
    device = llg.presets.granular_junction()
    size = device.side / jnp.sqrt(float(grains))
    return eqx.tree_at(lambda d: d.grain.size, device, size)
