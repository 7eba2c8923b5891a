"""What is left of a level once the pulse is over."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from .... import llg
from .._card import Card
from ._junctions import fractions, sweep


# Pauses of the card until a level is looked at again.
PAUSES = 5


def rest_of(card: Card) -> float:
    """Time between the end of a pulse and the look [s]."""
    return PAUSES * card.number("sweep.pause", "s")


def rested(
    card: Card, device: Any, draws: Any, voltages: Any, width: float, trials: int, key: Any
) -> np.ndarray:
    """Reversed part after pulses and a rest without voltage, `(devices, voltages)`."""
    rest = rest_of(card)
    time = np.linspace(0, width + rest, 401)
    levels = sweep(
        device,
        draws,
        voltages,
        np.array([width + rest]),
        dt=card.number("sweep.dt", "s"),
        trials=trials,
        key=key,
        waveform=llg.Sampled(values=jnp.asarray((time < width).astype(float))),
    )
    return fractions(levels)[0][..., 0]


def outlives(under: Any, after: Any) -> bool:
    """Whether half of what the strongest pulse reverses is still so after it."""
    return bool(np.mean(after) > 0.5 * np.mean(under))


def fallen(told: str) -> str:
    """A verdict on levels that do not outlive their pulse."""
    return (
        "Not reached because no level outlives the pulse: the soft layer turns under it "
        f"and falls back to its grains. Under the pulse: {told[0].lower()}{told[1:]}"
    )
