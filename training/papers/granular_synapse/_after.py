"""Levels are looked at once the pulse is over; how far the soft layer went under it."""

from typing import Any

import numpy as np

from .._card import Card


# Pauses of the card until a level is looked at.
PAUSES = 5


def rest_of(card: Card) -> float:
    """Time between the end of a pulse and the look [s]."""
    return PAUSES * card.number("sweep.pause", "s")


def outlives(under: Any, after: Any) -> bool:
    """Whether half of what the strongest pulse reverses is still so after it."""
    return bool(np.mean(after) > 0.5 * np.mean(under))


def fallen(told: str) -> str:
    """A verdict on levels that do not outlive their pulse."""
    return (
        "Not reached because no level outlives the pulse: the soft layer turns under it "
        f"and falls back to its grains. What is left: {told[0].lower()}{told[1:]}"
    )
