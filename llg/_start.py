from typing import Any

from ..data import State


def sign_of(start: Any) -> float:
    """1 for a start along the reference layer, -1 for one against it."""
    if not isinstance(start, State):
        raise ValueError(f"`start` must be a State, got {start!r}.")
    return 1.0 if start is State.PARALLEL else -1.0
