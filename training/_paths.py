from typing import Any

import equinox as eqx
import jax
import jax.tree_util as jtu

from ..data import quantities


def name_of(tree: Any, path: tuple[Any, ...]) -> str:
    """A leaf's path as a person writes it: `GranularJunction.grain.k_u`.

    A first step into a tuple or list is replaced by the class of the element.
    """
    text = jtu.keystr(path)
    if path and isinstance(path[0], jtu.SequenceKey):
        element = tree[path[0].idx]
        if isinstance(element, eqx.Module):
            text = type(element).__name__ + jtu.keystr(path[1:])
    return text.lstrip(".") or "parameter"


def unit_of(tree: Any, path: tuple[Any, ...]) -> str:
    """The unit that `quantity` declared for the leaf at `path`; empty if none did."""
    unit = ""
    for step in path:
        if isinstance(step, jtu.GetAttrKey):
            if isinstance(tree, eqx.Module) and step.name in (known := quantities(tree)):
                unit = known[step.name].unit
            tree = getattr(tree, step.name)
        elif isinstance(step, jtu.SequenceKey):
            tree = tree[step.idx]
        elif isinstance(step, jtu.DictKey):
            tree = tree[step.key]
        else:
            break
    return unit


def float_leaves(tree: Any) -> list[tuple[tuple[Any, ...], jax.Array]]:
    """Paths and values of the floating arrays of a tree."""
    return jtu.tree_leaves_with_path(eqx.filter(tree, eqx.is_inexact_array))


def text_table(rows: list[tuple[str, ...]]) -> str:
    """Rows of text in columns, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
    return "\n".join(lines)
