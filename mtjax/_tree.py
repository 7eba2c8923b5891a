"""A tree of modules as a flat table of plain values, and back.

The keys are the dotted names of the fields. A quantity is a number in SI units, an
enumeration is the name of its member in lower case, and no value is the text `"none"`.
What may stand under a key is read from the class: its fields, their annotations, and
the metadata of `data.quantity`.
"""

import dataclasses
import enum
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import numpy as np

from mtjax.data import parse_quantity, Pulses, quantities


type Plain = bool | int | float | str | list
type Kinds = Mapping[str, Mapping[str, Callable[[], eqx.Module]]]
NO_KINDS: Kinds = types.MappingProxyType({})

# Classes that are made by something else than their own constructor, with the fields
# that this something derives.
MAKERS: dict[type, tuple[Callable, frozenset[str]]] = {
    Pulses: (Pulses.product, frozenset({"axes"})),
}


class BadInput(ValueError):
    """What was asked is wrong: one sentence for the user, exit code 2."""


def _fields(cls: type) -> list[dataclasses.Field]:
    derived = MAKERS.get(cls, (cls, frozenset()))[1]
    return [f for f in dataclasses.fields(cls) if f.init and f.name not in derived]


def flatten(
    tree: eqx.Module, kinds: Kinds = NO_KINDS, prefix: str = ""
) -> dict[str, Plain]:
    """The plain value of every field, by dotted key, in the order of the fields.

    A field with a choice in `kinds` has the key `kind` as well.
    """
    flat: dict[str, Plain] = {}
    for field in _fields(type(tree)):
        key, value = prefix + field.name, getattr(tree, field.name)
        if isinstance(value, eqx.Module):
            if key in kinds:
                flat[f"{key}.kind"] = _kind(value, kinds[key])
            flat |= flatten(value, kinds, f"{key}.")
        else:
            flat[key] = _plain(value)
    return flat


def _kind(module: eqx.Module, presets: Mapping[str, Callable[[], eqx.Module]]) -> str:
    return next(name for name, make in presets.items() if type(make()) is type(module))


def _plain(value: Any) -> Plain:
    match value:
        case None:
            return "none"
        case enum.Enum():
            return value.name.lower()
        case bool() | int() | float() | str():
            return value
        case tuple() | list():
            return [_plain(item) for item in value]
        case jax.Array() | np.ndarray() | np.generic():
            return np.asarray(value).tolist()
    raise TypeError(f"A configuration cannot hold {value!r}.")


def rebuild(
    template: eqx.Module,
    values: Mapping[str, Any],
    kinds: Kinds = NO_KINDS,
    prefix: str = "",
) -> eqx.Module:
    """The module of the template's class with the values given, by dotted key.

    A field without a value keeps that of the template; `kinds` holds, by key and name,
    the templates among which the key `kind` chooses. A wrong value raises `BadInput`.
    """
    cls, arguments = type(template), {}
    declared, hints = quantities(cls), typing.get_type_hints(cls)
    for field in _fields(cls):
        key, old = prefix + field.name, getattr(template, field.name)
        if isinstance(old, eqx.Module):
            kind = values.get(f"{key}.kind")
            if kind is not None and kind != _kind(old, kinds[key]):
                old = kinds[key][kind]()
            arguments[field.name] = rebuild(old, values, kinds, f"{key}.")
        elif key not in values:
            arguments[field.name] = old
        elif field.name in declared:
            arguments[field.name] = _numbers(
                key, values[key], declared[field.name].unit, hints[field.name]
            )
        else:
            arguments[field.name] = _static(key, values[key], hints[field.name])
    try:
        return MAKERS.get(cls, (cls, None))[0](**arguments)
    except ValueError as error:
        names = "|".join(arguments)
        sentence = re.sub(f"`({names})`", lambda m: f"`{prefix}{m[1]}`", str(error))
        raise BadInput(sentence) from error


def _numbers(key: str, value: Any, unit: str, hint: Any) -> Any:
    single = getattr(hint, "dims", ()) == ()
    if isinstance(value, list) and not single:
        return np.array([_number(key, item, unit) for item in value])
    return _number(key, value, unit)


def _number(key: str, value: Any, unit: str) -> float:
    if isinstance(value, str):
        try:
            return parse_quantity(value, unit, name=key)
        except ValueError as error:
            raise BadInput(str(error)) from error
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise BadInput(f"`{key}` must be a number [{unit}], got {value!r}.")


_NAMES = {int: "a whole number", bool: "true or false", str: "a text", float: "a number"}


def _static(key: str, value: Any, hint: Any) -> Any:
    for choice in _choices(hint):
        if choice is types.NoneType and value == "none":
            return None
        if isinstance(choice, type) and issubclass(choice, enum.Enum):
            for member in choice:
                if value == member.name.lower():
                    return member
        elif typing.get_origin(choice) is tuple and isinstance(value, list):
            return tuple(_static(key, item, typing.get_args(choice)[0]) for item in value)
        elif choice in _NAMES and type(value) is choice:
            return value
    wanted = " or ".join(_wanted(choice) for choice in _choices(hint))
    raise BadInput(f"`{key}` must be {wanted}, got {value!r}.")


def _choices(hint: Any) -> tuple:
    return typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)


def _wanted(choice: Any) -> str:
    if choice is types.NoneType:
        return '"none"'
    if isinstance(choice, type) and issubclass(choice, enum.Enum):
        return "one of " + ", ".join(f'"{member.name.lower()}"' for member in choice)
    return _NAMES.get(choice, "a list")
