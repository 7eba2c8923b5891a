"""The one reading of a pytree that `save` and `load` share: names, axes, static values."""

import collections
import dataclasses
import enum
import hashlib
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.tree_util as jtu
import numpy as np

from ._conductances import Conductances
from ._outcome import Outcome
from ._product import Product
from ._pulses import Pulses
from ._statistics import Levels, PulseEnergies, Switching
from ._times import SwitchingTimes, Trajectories, Transitions


_ITEM: Any = type(Outcome.successful)  # of any `eqx.Enumeration`
# Their files say how long the axes are, and their classes stand for any of them.
OF_PULSES = (Switching, Levels, PulseEnergies, Conductances)
STATISTICS = (*OF_PULSES, SwitchingTimes, Transitions, Trajectories)
_NUMBERS = (bool, int, float, complex, np.ndarray, np.generic, jax.Array)


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A leaf of the tree: a dataset, or a name among the static values of its group."""

    group: str
    name: str
    value: Any
    axes: tuple[str | None, ...]  # names of the dimensions; None where nothing says
    field: dataclasses.Field | None  # of the module that holds it
    any_length: bool  # of statistics, the file says how long the axes are
    enumeration: Any  # the class of an `eqx.Enumeration`, if it is an item of one

    @property
    def path(self) -> str:
        return f"{self.group}/{self.name}".lstrip("/")

    @property
    def dotted(self) -> str:
        """The path as in a configuration: `grain.k_u`."""
        return self.path.replace("/", ".")

    @property
    def text(self) -> dict[str, str]:
        """Attributes that say what it is."""
        if self.field is None:
            return {}
        pairs, told = (("units", "unit"), ("long_name", "doc")), self.field.metadata
        return {a: told[b] for a, b in pairs if told.get(b)}

    @property
    def is_number(self) -> bool:
        """The others (functions, words) are compared with `like`, not read."""
        return isinstance(self.value, (*_NUMBERS, jax.ShapeDtypeStruct))


@dataclasses.dataclass(frozen=True)
class Group:
    """A node of the tree: a group of the file."""

    path: str
    type: str | None  # name of the class of a module
    partial: bool  # a mapping in `like` may name a part of what the file holds
    static: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class _Scope:
    """What a node tells the leaves below it."""

    any_length: bool = False
    batch: tuple[str, ...] = ()  # leading axes of every leaf
    coordinates: tuple[str, ...] = ()  # axes whose values are leaves of the same name
    fields: Mapping[str, dataclasses.Field] = dataclasses.field(default_factory=dict)


class Tree:
    """Groups and leaves of a pytree; the leaves in the order of `jax.tree.leaves`."""

    groups: list[Group]
    leaves: list[Leaf]

    def __init__(self, tree: Any):
        self.groups, self.leaves = [], []
        self.is_leaf = _children(tree) is None
        self._node([tree] if self.is_leaf else tree, "", _Scope())
        names = collections.Counter(x.path for x in (*self.groups, *self.leaves))
        for name, times in names.items():
            if times > 1:
                raise ValueError(f"`tree` must have distinct names, it has `{name}` twice.")

    def _node(self, node, path, scope):
        kind = type(node).__name__ if isinstance(node, eqx.Module) else None
        group = Group(path, kind, isinstance(node, dict), {})
        self.groups.append(group)
        self._fill(group, "", node, scope)

    def _fill(self, group, prefix, node, scope):
        if isinstance(node, eqx.Module):
            fields = {f.name: f for f in dataclasses.fields(node)}
            scope = dataclasses.replace(scope, fields=fields)
            for name, field in fields.items():
                if field.metadata.get("static") and hasattr(node, name):
                    group.static[prefix + name] = describe(getattr(node, name))
        if isinstance(node, (*STATISTICS, Pulses)):
            scope = dataclasses.replace(scope, any_length=True)
        if isinstance(node, Pulses):
            scope = dataclasses.replace(scope, coordinates=node.axes)
        for name, child in _children(node) or ():
            if _children(child) is None:
                self._leaf(group, name, node, child, scope)
            elif isinstance(node, OF_PULSES) and isinstance(child, Pulses):
                self._fill(group, f"{name}.", child, scope)
            elif isinstance(node, Product) and name == "values":
                named = {x.dotted: x.field for x in Tree(node.module).leaves if x.field}
                values = _Scope(coordinates=node.axes, fields=named)
                self._fill(group, f"{name}.", child, values)
            else:
                below = dataclasses.replace(scope, coordinates=(), fields={})
                if isinstance(node, Product):
                    below = dataclasses.replace(below, batch=scope.batch + node.axes)
                self._node(child, f"{group.path}/{name}".lstrip("/"), below)

    def _leaf(self, group, name, node, value, scope):
        enumeration = None
        if isinstance(value, _ITEM):
            value, enumeration = value._value, value._enumeration
        axes = _axes(node, name, value, scope)
        field, any_length = scope.fields.get(name), scope.any_length
        leaf = Leaf(group.path, name, value, axes, field, any_length, enumeration)
        self.leaves.append(leaf)
        if not leaf.is_number:
            group.static[name] = describe(value)


def _children(node: Any) -> list[tuple[str, Any]] | None:
    """Names and values one level down; `None` for a leaf."""
    if isinstance(node, _ITEM):
        return None
    pairs, _ = jtu.tree_flatten_with_path(node, is_leaf=lambda x: x is not node)
    if len(pairs) == 1 and pairs[0][0] == ():
        return None
    return [(_name(path), child) for path, child in pairs]


def _name(path: tuple) -> str:
    text = jtu.keystr(path, simple=True, separator="/")
    text = text.replace("%", "%25").replace("/", "%2F").replace("\0", "%00")
    return {"": "%", ".": "%2E"}.get(text, text)


def _axes(node, name, value, scope) -> tuple[str | None, ...]:
    """Names of the dimensions, from the annotation of the field.

    `Float[Array, "device *pulses bins"]` names them, with the axes of the field `pulses`.
    """
    rank = len(getattr(value, "shape", ()))
    words: list[str | None] = []
    if name in scope.coordinates:
        words = [name]
    elif name in scope.fields:
        for word in getattr(scope.fields[name].type, "dim_str", "...").split():
            axes = getattr(getattr(node, word[1:], None), "axes", None)
            if word.startswith("*") and axes is not None:
                words += axes
            else:
                words.append(word if word.isidentifier() or word == "..." else None)
    else:
        words = ["..."]
    batch = scope.batch if rank >= len(scope.batch) else ()
    if "..." in words:
        at, some = words.index("..."), rank - len(batch) - len(words) + 1
        words[at : at + 1] = [None] * max(some, 0)
    extra = rank - len(words)
    if extra < 0 or "..." in words:
        return (None,) * rank
    return (*(batch if extra == len(batch) else (None,) * extra), *words)


def describe(value: Any) -> Any:
    """A static value as JSON, to be compared; nothing is made from it on loading."""
    if isinstance(value, enum.Enum):
        return value.name
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, _ITEM):
        return value._enumeration._index_to_message[int(np.asarray(value._value))]
    if isinstance(value, (tuple, list)):
        return [describe(x) for x in value]
    if isinstance(value, (set, frozenset)):
        return sorted((describe(x) for x in value), key=repr)
    if isinstance(value, dict):
        return {str(k): describe(v) for k, v in value.items()}
    if isinstance(value, np.dtype):
        return value.name
    if isinstance(value, (np.ndarray, np.generic, jax.Array)):
        array = np.asarray(value)
        digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
        return [str(array.dtype), list(array.shape), digest]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {
            f.name: describe(getattr(value, f.name, None))
            for f in dataclasses.fields(value)
        }
        return {"type": type(value).__name__} | fields
    return getattr(value, "__name__", type(value).__name__)
