import json
import pathlib
import time
import tomllib
from collections.abc import Callable
from typing import Any

import jax
import jax.random as jr
import numpy as np
from jaxtyping import PRNGKeyArray

from ... import data
from ._card import Card
from ._paper import Result, Row, Step


def _silent(done: int, total: int) -> None:
    del done, total


class Session:
    """The run of a paper in a directory: sizes, randomness, and what is finished.

    - `progress`: called with the pieces done and how many there are.
    """

    def __init__(
        self,
        directory: pathlib.Path,
        card: Card,
        *,
        quick: bool,
        seed: int = 0,
        made: dict[str, Any] | None = None,
    ):
        self.directory = directory
        self.card = card
        self.quick = quick
        self.seed = seed
        self.made = made or {}
        self.progress: Callable[[int, int], None] = _silent

    def size(self, name: str) -> Any:
        """The size `sizes.NAME` of the card for this kind of run."""
        return self.card.size(name, quick=self.quick)

    def key(self, *path: int) -> PRNGKeyArray:
        """A random key of its own for each path of whole numbers; step number first."""
        key = jr.key(self.seed)
        for number in path:
            key = jr.fold_in(key, number)
        return key

    def path(self, number: int) -> pathlib.Path:
        """The file of a step."""
        return self.directory / f"step-{number}.h5"

    def finished(self, number: int) -> bool:
        """Whether the step is done."""
        return self.path(number).exists()

    def result(self, number: int) -> Result:
        """What a finished step found."""
        arrays, told = _read(self.path(number))
        return Result([Row.of(row) for row in told["rows"]], arrays)

    def seconds(self, number: int) -> float:
        """How long a finished step took."""
        return data.provenance(self.path(number))["seconds"]

    def made_by(self, number: int) -> dict[str, Any]:
        """Version, commit and card of a finished step; none where the file is older."""
        told = data.provenance(self.path(number))
        before = tomllib.loads(told.get("configuration", ""))
        return {
            "mtjax": told.get("mtjax"),
            "commit": told.get("commit"),
            "card": told.get("card") or before.get("card"),
        }

    def run(self, step: Step) -> Result:
        """What the step finds, from its file if it is finished."""
        if not self.finished(step.number):
            begun, before = time.monotonic(), self._spent()
            found = step.run(self.card, self)
            told = {
                "step": step.number,
                "rows": [row.plain() for row in found.rows],
                "seconds": time.monotonic() - begun + before,
                "card": self.card.sha256,
            }
            _write(self.path(step.number), found.arrays, self.made | told)
            for part in self._parts():
                part.unlink()
        return self.result(step.number)

    def keep(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, np.ndarray]:
        """Arrays of a piece of a long step; a run that is interrupted has them again."""
        path = self.directory / f"part-{name}.h5"
        if not path.exists():
            begun = time.monotonic()
            _write(path, make(), self.made | {"seconds": time.monotonic() - begun})
        return _read(path)[0]

    def _parts(self) -> list[pathlib.Path]:
        return sorted(self.directory.glob("part-*.h5"))

    def _spent(self) -> float:
        """Seconds that went into the parts of the step before it was interrupted."""
        return sum(data.provenance(path)["seconds"] for path in self._parts())


def _write(path: pathlib.Path, arrays: dict[str, Any], told: dict[str, Any]) -> None:
    arrays = {name: np.asarray(array) for name, array in arrays.items()}
    shapes = {name: [list(a.shape), a.dtype.name] for name, a in arrays.items()}
    data.save(path, arrays, provenance=told | {"arrays": shapes})


def _read(path: pathlib.Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    told = data.provenance(path)
    like = {
        name: jax.ShapeDtypeStruct(tuple(shape), dtype)
        for name, (shape, dtype) in told["arrays"].items()
    }
    arrays = {name: np.asarray(a) for name, a in data.load(path, like).items()}
    return arrays, json.loads(json.dumps(told))
