"""The one reading of a pytree that `save` and `load` share: names, axes, static values."""

import dataclasses
import enum
import hashlib
from typing import Any

import equinox as eqx
import jax
import jax.tree_util as jtu
import numpy as np

from ._outcome import Outcome
from ._pulses import Pulses
from ._statistics import Levels, Switching


_ITEM: Any = type(Outcome.successful)  # of any `eqx.Enumeration`
_NUMBERS = (bool, int, float, complex, np.ndarray, np.generic, jax.Array)


@dataclasses.dataclass(frozen=True)
class Leaf:
    """A leaf of the tree: a dataset, or a name among the static values of its group."""

    group: str
    name: str
    value: Any
    axes: tuple[str | None, ...]  # names of the dimensions; None where nothing says
    text: dict[str, str]  # units, long_name
    any_length: bool  # of statistics, the file says how long the axes are
    enumeration: Any  # the class of an `eqx.Enumeration`, if it is an item of one

    @property
    def path(self) -> str:
        return f"{self.group}/{self.name}".lstrip("/")

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


class Tree:
    """Groups and leaves of a pytree; the leaves in the order of `jax.tree.leaves`."""

    groups: list[Group]
    leaves: list[Leaf]

    def __init__(self, tree: Any):
        self.groups, self.leaves = [], []
        self.is_leaf = _children(tree) is None
        self._node([tree] if self.is_leaf else tree, "", (), False)
        names = [x.path for x in (*self.groups, *self.leaves)]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"`tree` must have distinct names, it has `{name}` twice.")

    def _node(self, node, path, batch, any_length):
        is_module = isinstance(node, eqx.Module)
        kind = type(node).__name__ if is_module else None
        group = Group(path, kind, isinstance(node, dict), {})
        self.groups.append(group)
        self._fill(group, "", node, batch, any_length)

    def _fill(self, group, prefix, node, batch, any_length):
        fields = {}
        if isinstance(node, eqx.Module):
            fields = {f.name: f for f in dataclasses.fields(node)}
            for name, field in fields.items():
                if field.metadata.get("static") and hasattr(node, name):
                    group.static[prefix + name] = describe(getattr(node, name))
        any_length = any_length or isinstance(node, (Switching, Levels, Pulses))
        for name, child in _children(node) or ():
            if _children(child) is not None:
                if isinstance(child, Pulses) and isinstance(node, (Switching, Levels)):
                    # The pulses of statistics are the coordinates of their group.
                    self._fill(group, f"{name}.", child, batch, any_length)
                else:
                    path = f"{group.path}/{name}".lstrip("/")
                    self._node(child, path, batch, any_length)
                continue
            field, enumeration = fields.get(name), None
            if isinstance(child, _ITEM):
                child, enumeration = child._value, child._enumeration
            leaf = Leaf(
                group.path,
                name,
                child,
                _axes(node, field, child, batch),
                _text(field),
                any_length,
                enumeration,
            )
            self.leaves.append(leaf)
            if not leaf.is_number:
                group.static[leaf.name] = describe(child)


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


def _text(field: dataclasses.Field | None) -> dict[str, str]:
    if field is None:
        return {}
    pairs = (("units", "unit"), ("long_name", "doc"))
    return {a: field.metadata[b] for a, b in pairs if field.metadata.get(b)}


def _axes(node, field, value, batch) -> tuple[str | None, ...]:
    """Names of the dimensions, from the annotation of the field.

    `Float[Array, "device *pulses bins"]` names them, with the axes of the field `pulses`.
    """
    rank = len(getattr(value, "shape", ()))
    if field is None:
        return (None,) * rank
    if field.name in getattr(node, "axes", ()):
        words: list[str | None] = [field.name]
    else:
        words = []
        for word in getattr(field.type, "dim_str", "...").split():
            axes = getattr(getattr(node, word[1:], None), "axes", None)
            if word.startswith("*") and axes is not None:
                words += axes
            else:
                words.append(word if word.isidentifier() or word == "..." else None)
    if "..." in words:
        at = words.index("...")
        words[at : at + 1] = [None] * max(rank - len(words) + 1, 0)
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
