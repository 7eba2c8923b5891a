"""One reader for presets, a TOML file and overrides on the command line."""

import dataclasses
import difflib
import pathlib
import tomllib
import types
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import equinox as eqx

from mtjax.data import quantities

from ._tree import BadInput, flatten, Kinds, NO_KINDS, Plain, rebuild


Tree = TypeVar("Tree", bound=eqx.Module)


@dataclasses.dataclass(frozen=True)
class Config[Tree: eqx.Module]:
    """A tree of modules, its plain values, and where each of them was written.

    - `tree`: The modules.
    - `values`: Their plain values in SI units, by dotted key.
    - `sources`: `"preset"`, the name of a file, or `"command line"`, by dotted key.
    """

    tree: Tree
    values: dict[str, Plain]
    sources: dict[str, str]

    def toml(self, *, sources: bool = False) -> str:
        """The configuration as TOML that reads back to the same modules, bit for bit."""
        notes = _notes(self.tree)
        if sources:
            notes = {
                key: f"[{self.sources[key]}] {notes.get(key, '')}" for key in self.values
            }
        return write(self.values, notes)


def read[Tree: eqx.Module](
    preset: Tree,
    file: pathlib.Path | None = None,
    overrides: Sequence[str] = (),
    *,
    kinds: Kinds = NO_KINDS,
    aliases: Mapping[str, Sequence[str]] = types.MappingProxyType({}),
) -> Config[Tree]:
    """The configuration: the preset, changed by the file, changed by the overrides.

    A number without a unit is in SI units; a text such as `"50 nm"` is converted. What
    is wrong raises `BadInput`: one sentence with the key, what it must be, what it was.

    **Arguments:**

    - `preset`: A tree of modules; its classes say which keys there are.
    - `file`: A TOML file, or `None`.
    - `overrides`: Texts such as `"device.alpha=0.02"`; later ones win.
    - `aliases`: Keys that stand for several others.
    - `kinds`: By dotted key, the presets among which the key `kind` below it chooses.
    """
    layers: list[tuple[str, dict[str, Any]]] = []
    if file is not None:
        layers.append((str(file), dotted(load_toml(file))))
    layers += [("command line", _override(text)) for text in overrides]
    layers = [
        (source, {k: v for key, v in layer.items() for k in aliases.get(key, (key,))})
        for source, layer in layers
    ]

    written = {key: value for _, layer in layers for key, value in layer.items()}
    known = _known(preset, written, kinds)
    values: dict[str, Any] = dict(known)
    sources = dict.fromkeys(known, "preset")
    for source, layer in layers:
        for key, value in layer.items():
            values[key], sources[key] = value, source
    tree = rebuild(preset, values, kinds)
    return Config(tree, flatten(tree, kinds), sources)  # type: ignore[arg-type]


def _known(preset: eqx.Module, written: dict[str, Any], kinds: Kinds) -> dict[str, Plain]:
    """The keys there are, with their values, once the kinds are chosen."""
    chosen = {k: v for k, v in written.items() if k.removesuffix(".kind") in kinds}
    chosen = {k: v for k, v in chosen.items() if k.endswith(".kind")}
    for key, kind in chosen.items():
        presets = kinds[key.removesuffix(".kind")]
        if kind not in presets:
            names = " or ".join(f'"{name}"' for name in presets)
            raise BadInput(f"`{key}` must be {names}, got {kind!r}.")
    known = flatten(rebuild(preset, chosen, kinds), kinds)
    for key in written:
        if key not in known:
            raise BadInput(_unknown(key, known))
    return known


def load_toml(file: pathlib.Path) -> dict[str, Any]:
    """The nested tables of a TOML file; `BadInput` if there is no such file."""
    try:
        return tomllib.loads(file.read_text())
    except OSError as error:
        raise BadInput(f"`{file}` must be a readable file: {error.strerror}.") from error
    except ValueError as error:
        raise BadInput(f"`{file}` must be a TOML file: {error}.") from error


def dotted(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values of nested tables by dotted key."""
    flat = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            flat |= dotted(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _override(text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    key, value = key.strip(), value.strip()
    if not equals or not key or not value:
        raise BadInput(f"An override must read `key=value`, got `{text}`.")
    try:
        return {key: tomllib.loads(f"value = {value}")["value"]}
    except tomllib.TOMLDecodeError:
        return {key: value}  # a text whose quotes the shell took


def _unknown(key: str, known: Mapping[str, Any]) -> str:
    below = [name for name in known if name.startswith(f"{key}.")]
    if below:
        return f"`{key}` must be a table with keys such as `{below[0]}`, got a value."
    name = key.rpartition(".")[2]
    same = [other for other in known if other.rpartition(".")[2] == name]
    nearest = difflib.get_close_matches(key, same or known, 1, cutoff=0.0)[0]
    return f"`{key}` is not a key of the configuration; the nearest is `{nearest}`."


def write(values: Mapping[str, Plain], notes: Mapping[str, str] | None = None) -> str:
    """TOML of plain values by dotted key, with a note behind those that have one."""
    tables: dict[str, list[str]] = {"": []}
    for key, value in values.items():
        table, _, name = key.rpartition(".")
        line = f"{name} = {_toml(value)}"
        note = (notes or {}).get(key)
        tables.setdefault(table, []).append(f"{line:<32}  # {note}" if note else line)
    blocks = [
        "\n".join(([f"[{table}]"] if table else []) + lines)
        for table, lines in tables.items()
        if lines
    ]
    return "\n\n".join(blocks) + "\n"


def _toml(value: Plain) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case list():
            return "[" + ", ".join(_toml(item) for item in value) + "]"
    return repr(value)  # the shortest text that reads back to the same float


def _notes(tree: eqx.Module, prefix: str = "") -> dict[str, str]:
    notes = {}
    for name, quantity in quantities(tree).items():
        unit = "" if quantity.unit == "1" else f"[{quantity.unit}] "
        notes[prefix + name] = unit + quantity.doc
    for name, value in vars(tree).items():
        if isinstance(value, eqx.Module):
            notes |= _notes(value, f"{prefix}{name}.")
    return notes
