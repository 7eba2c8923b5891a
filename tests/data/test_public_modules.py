"""Every public module of the package is saved and loaded, whatever its fields are."""

import collections.abc
import dataclasses
import enum
import importlib
import inspect
import math
import types
import typing

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import data

from .helpers import device, levels, PULSES, same, switching


FOLDERS = ("data", "llg", "compact", "crossbar", "training")
SIZES = collections.defaultdict(lambda: 2, {"edges": 3, "3": 3})
READY = {data.Levels: levels, data.Switching: switching, data.Pulses: lambda: PULSES}


def public_modules():
    for folder in FOLDERS:
        for name, kind in vars(importlib.import_module(f"mtjax.{folder}")).items():
            if inspect.isclass(kind) and issubclass(kind, eqx.Module):
                if not inspect.isabstract(kind):
                    yield pytest.param(kind, id=f"{folder}.{name}")


def example(kind):
    """A module with some value of the annotated type in each field, and no `__init__`."""
    if kind in READY:
        return READY[kind]()
    module = object.__new__(kind)
    quantities = data.quantities(kind)
    for i, field in enumerate(dataclasses.fields(kind)):
        value = some(field.type, quantities.get(field.name), i)
        object.__setattr__(module, field.name, value)
    return module


def some(kind, quantity, seed):
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        kind = typing.get_args(kind)[0]
    if hasattr(kind, "dim_str"):
        return array(kind, quantity, seed)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return tuple(some(a, None, seed) for a in arguments if a is not ...)
    if origin is dict:
        return {"a": some(arguments[1], None, seed)}
    if kind is data.Outcome:
        return data.Outcome.singular
    for known, value in ((bool, True), (int, 3), (float, 0.5), (str, "word")):
        if kind is known:
            return value
    if inspect.isclass(kind) and issubclass(kind, enum.Enum):
        return next(iter(kind))
    if inspect.isclass(kind) and issubclass(kind, eqx.Module):
        return device() if inspect.isabstract(kind) else example(kind)
    if kind is collections.abc.Callable or origin is collections.abc.Callable:
        return jax.nn.relu
    return {"any": jnp.arange(3.0), "key": jr.key(seed)}


def array(kind, quantity, seed):
    words = [w for w in kind.dim_str.split() if w != "..." and w[0] != "*"]
    shape = tuple(SIZES[word] for word in words)
    if "int" in str(kind.dtypes):
        return jnp.asarray(np.arange(math.prod(shape)).reshape(shape))
    low = max(quantity.infimum, 0.0) if quantity else 0.0
    high = min(quantity.supremum, low + 1) if quantity else 1.0
    value = low + (high - low) * np.random.default_rng(seed).uniform(0.1, 0.9, shape)
    return jnp.asarray(value)


@pytest.mark.parametrize("kind", list(public_modules()))
def test_a_public_module_comes_back_bit_for_bit(kind, tmp_path):
    tree = example(kind)
    data.save(tmp_path / "x.h5", tree)
    assert same(data.load(tmp_path / "x.h5", tree), tree)
    shapes = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype) if eqx.is_array(x) else x, tree
    )
    assert same(data.load(tmp_path / "x.h5", shapes), tree)
