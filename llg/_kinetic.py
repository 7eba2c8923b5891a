"""Kinetic Monte Carlo over microstates, many decades of time at once."""

from typing import NamedTuple

import numpy as np

from ._constants import K_B
from ._microstates import AbstractMicrostates


# Flips of a grain, there and back, after which it is slowed down to half its pace.
_FLICKERS = 25


class Histories(NamedTuple):
    """What happened to trajectories, shape `(trajectories,)` each.

    - `left`: when the cosine first was outside of its window [s], or infinity.
    - `signs`: of the last state; `flips`: how many there were.
    """

    left: np.ndarray
    signs: np.ndarray
    flips: np.ndarray


def histories(
    states: AbstractMicrostates,
    signs: np.ndarray,
    window: np.ndarray,
    horizon: float,
    temperature: float,
    generator: np.random.Generator,
    *,
    follow: bool = True,
) -> Histories:
    r"""Trajectories of a rate network without rejections, all side by side.

    The waiting time is exponential with the sum of the rates, the way taken in
    proportion to its rate: A. B. Bortz, M. H. Kalos and J. L. Lebowitz, J. Comput. Phys.
    17, 10 (1975). A grain that flips there and back at $f = k k' / (k + k')$ again and
    again is in equilibrium with itself; after 25 flips both its rates are divided so
    that it flips at half of that pace, which keeps detailed balance, and leaves an error
    of the order of 1/25 in what comes next: A. Chatterjee and A. F. Voter, J. Chem. Phys.
    132, 194101 (2010). When a grain that was not slowed flips, the others may flip up to
    25 times as often as anything that was not slowed.

    **Arguments:**

    - `signs`: Where the trajectories start, shape `(trajectories, grains)`.
    - `window`: Lower and upper end of the cosine, shape `(trajectories, 2)`.
    - `horizon`: When they end [s].
    - `temperature`: [K].
    - `follow`: Whether trajectories go on once they have left their window.
    """
    number, grains = signs.shape
    signs, time = np.array(signs, np.int8), np.zeros(number)
    pace = np.full((number, grains), np.inf)  # of the flips of each grain, at most
    count = np.zeros((number, grains), int)
    left, flips = np.full(number, np.inf), np.zeros(number, int)
    left[_outside(states, signs, window)] = 0.0
    alive = np.nonzero(np.isinf(left) | follow)[0]
    while alive.size:
        ways = states.ways(signs[alive])
        out = ways.attempt * np.exp(-ways.energy / (K_B * temperature))
        back = ways.again * np.exp(-ways.back / (K_B * temperature))
        flicker = out * (back / np.maximum(out + back, 1e-300))
        slowed = pace[alive] < flicker
        share = np.where(slowed, pace[alive] / np.where(slowed, flicker, 1.0), 1.0)
        rate = share * out
        total = rate.sum(1)
        wait = generator.exponential(size=alive.size) / np.maximum(total, 1e-300)
        drawn = generator.random(alive.size) * total
        way = (np.cumsum(rate, 1) <= drawn[:, None]).sum(1)
        goes = time[alive] + wait < horizon
        time[alive] += wait
        rows, way, alive = np.nonzero(goes)[0], way[goes], alive[goes]
        signs[alive] = states.go(signs[alive], way)
        flips[alive] += 1
        count[alive, way] += 1
        often = count[alive, way] >= _FLICKERS
        pace[alive[often], way[often]] = (share * flicker)[rows[often], way[often]] / 2
        count[alive[often], way[often]] = 0
        rare = ~slowed[rows, way] & ~often
        fastest = np.max(np.where(slowed, 0.0, out), axis=1)[rows[rare]]
        pace[alive[rare]] = np.maximum(pace[alive[rare]], _FLICKERS * fastest[:, None])
        gone = _outside(states, signs[alive], window[alive]) & np.isinf(left[alive])
        left[alive[gone]] = time[alive[gone]]
        alive = alive if follow else alive[~gone]
    return Histories(left, signs, flips)


def _outside(states, signs, window):
    cosine = states.cosine(signs)
    return (cosine < window[:, 0]) | (cosine > window[:, 1])
