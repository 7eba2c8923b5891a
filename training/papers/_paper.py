"""What a reproduced paper is made of: steps that return rows of a table and numbers."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TYPE_CHECKING

import numpy as np

from ._card import Card


if TYPE_CHECKING:
    from ._session import Session


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table.

    - `quantity`: what it is.
    - `obtained`: our number, in `unit`; none if the row only says something.
    - `interval`: 95 %, in the same unit.
    - `paper`: the published number with its grade, `"93.3 % [P]"`; empty if there is none.
    - `runs`: how many of what.
    - `control`: baseline or negative control, with its number.
    - `verdict`: one sentence: reached, not reached because, not comparable because.
    """

    quantity: str
    obtained: float | None
    unit: str = ""
    interval: tuple[float, float] | None = None
    paper: str = ""
    runs: str = ""
    control: str = ""
    verdict: str = ""

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        number = lambda x: None if x is None or not np.isfinite(x) else float(x)
        interval = None if self.interval is None else [*map(number, self.interval)]
        obtained = number(self.obtained)
        return dataclasses.asdict(self) | {"obtained": obtained, "interval": interval}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Row":
        """The row that `plain` wrote."""
        interval = plain["interval"]
        if interval is not None:
            low, high = (np.nan if x is None else x for x in interval)
            interval = (low, high)
        return cls(**{**plain, "interval": interval})


@dataclasses.dataclass(frozen=True)
class Result:
    """What a step found: rows of the table, and arrays by name for figures and files."""

    rows: list[Row]
    arrays: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Step:
    """One numbered step of a protocol.

    - `run`: `run(card, session) -> Result`. Its docstring is the text of the page.
    - `plot`: `plot(figure, arrays, card)` draws into a matplotlib figure.
    - `data`: image sets that it needs, such as `"mnist"`.
    """

    number: int
    title: str
    run: "Callable[[Card, Session], Result]"
    plot: Callable[[Any, dict[str, np.ndarray], Card], None] | None = None
    data: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Paper:
    """A published system and the steps that reproduce it.

    - `about`: what is published and what stands in for what is not: the page's head.
    - `minutes`: of a quick and of a full run, on two cores.
    """

    name: str
    title: str
    reference: str
    steps: tuple[Step, ...]
    about: str = ""
    minutes: tuple[float, float] = (2.0, 30.0)

    def card(self) -> Card:
        """The parameter card shipped for it."""
        return Card.read(self.name)
