"""The parameter card of a paper: every number with its unit and where it comes from."""

import dataclasses
import hashlib
import importlib.resources
import pathlib
import tomllib
from typing import Any

from ...data import parse_quantity


@dataclasses.dataclass(frozen=True, eq=False)
class Card:
    """A TOML file of entries `{ value, unit, source }`, and `[sizes]` of a run.

    An entry of `[sizes]` is `{ full, quick, protocol, source }`: how many are run in
    full, how many with `--quick`, and how many the protocol asks for. Every entry says
    its source: a reference, or "assumed, because ...".

    - `entries`: by dotted key.
    - `sha256`: of the file, printed in every table.
    """

    name: str
    entries: dict[str, dict[str, Any]]
    sha256: str

    @classmethod
    def read(cls, name: str, path: pathlib.Path | None = None) -> "Card":
        """The card that is shipped for the paper `name`, or that in a file."""
        if path is None:
            folder = importlib.resources.files(__package__) / "cards"
            content = (folder / f"{name}.toml").read_bytes()
        else:
            content = path.read_bytes()
        entries = _entries(tomllib.loads(content.decode()))
        for key, entry in entries.items():
            if not isinstance(entry, dict) or not entry.get("source"):
                raise ValueError(f"`{key}` of the card {name} must have a `source`.")
        return cls(name, entries, hashlib.sha256(content).hexdigest())

    def _entry(self, key: str) -> dict[str, Any]:
        if key not in self.entries:
            raise ValueError(f"`{key}` must be a key of the card {self.name}.")
        return self.entries[key]

    def number(self, key: str, unit: str = "1") -> float:
        """The number in SI units; `unit` is the SI unit it must have."""
        entry = self._entry(key)
        return _si(entry["value"], entry.get("unit", "1"), unit, key)

    def numbers(self, key: str, unit: str = "1") -> list[float]:
        """A list of numbers in SI units."""
        entry = self._entry(key)
        own = entry.get("unit", "1")
        return [_si(value, own, unit, key) for value in entry["value"]]

    def count(self, key: str) -> int:
        """A whole number that is no size of a run, such as the bits of a converter."""
        value = self._entry(key)["value"]
        if type(value) is not int:
            raise ValueError(f"`{key}` must be a whole number, got {value!r}.")
        return value

    def size(self, key: str, *, quick: bool) -> Any:
        """The size `sizes.KEY` of a full or of a quick run."""
        return self._entry(f"sizes.{key}")["quick" if quick else "full"]


def _si(value: Any, unit: str, wanted: str, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"`{key}` must be a number, got {value!r}.")
    text = repr(value) if unit == "1" else f"{value!r} {unit}"
    return parse_quantity(text, wanted, name=key)


def _entries(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found = {}
    for name, value in table.items():
        if isinstance(value, dict) and "source" not in value:
            found |= _entries(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found
