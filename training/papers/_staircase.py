"""Levels of a film of many sites under a staircase of pulses, drawn site by site."""

import dataclasses

import numpy as np
import scipy.interpolate
import scipy.stats
from jaxtyping import Float


_BEFORE = 10  # cycles that are not counted


@dataclasses.dataclass(frozen=True)
class Law:
    """What one pulse does to a site, by its barrier and the amplitude.

    - `draws`, `ratios`: nodes of both, increasing; a ratio is an amplitude over the
      anisotropy field of the site itself.
    - `down`, `up`: probability of leaving the upper and the lower state, shape
      `(draws, ratios)`; in between it is linear.
    - `spread`: standard deviation of ln of the barriers.
    """

    draws: np.ndarray
    ratios: np.ndarray
    down: np.ndarray
    up: np.ndarray
    spread: float

    def at(
        self, draws: Float[np.ndarray, " sites"], amplitude: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Both probabilities of sites, at an amplitude over the field of the median."""
        ratio = amplitude * np.exp(-self.spread * draws)
        inside = lambda x, nodes: np.clip(x, nodes[0], nodes[-1])
        where = np.stack([inside(draws, self.draws), inside(ratio, self.ratios)], -1)
        nodes = (self.draws, self.ratios)
        down, up = (
            scipy.interpolate.RegularGridInterpolator(nodes, table)(where)
            for table in (self.down, self.up)
        )
        return down, up

    def population(
        self, amplitudes: Float[np.ndarray, " amplitudes"]
    ) -> Float[np.ndarray, " amplitudes"]:
        """Mean share of reversed sites after one pulse on a full upper state."""
        z = np.linspace(-4, 4, 401)
        weight = scipy.stats.norm.pdf(z)
        means = [weight @ self.at(z, a)[0] for a in amplitudes]
        return np.array(means) / weight.sum()

    def range(
        self, amplitudes: Float[np.ndarray, " amplitudes"], window: list[float]
    ) -> tuple[float, float]:
        """Amplitudes at which the mean response first reaches two parts of its largest."""
        mean = self.population(amplitudes)
        rising = mean[: int(np.argmax(mean)) + 1]
        rising = np.maximum.accumulate(rising) + 1e-12 * np.arange(len(rising))
        low, high = np.interp(
            np.array(window) * rising[-1], rising, amplitudes[: len(rising)]
        )
        return float(low), float(high)


def staircase(
    law: Law,
    currents: Float[np.ndarray, " steps"],
    *,
    sites: int,
    devices: int,
    cycles: int,
    generator: np.random.Generator,
    spread: bool = True,
) -> Float[np.ndarray, "devices cycles steps"]:
    """Share of reversed sites after each pulse of a staircase, which a reset precedes.

    Sites are independent and a pulse leaves none between its two states, so that a site
    is a chain of two states with the probabilities of the law. The reset is the largest
    pulse of the range with the other sign, three times; what it leaves stays. A device
    keeps its draws from cycle to cycle, and is cycled ten times before any is counted:
    sites that one pulse hardly turns take some to forget where they started.

    - `spread`: without it every site is the median one.
    """
    levels = np.empty((devices, cycles, len(currents)))
    for device in range(devices):
        draws = generator.standard_normal(sites) * spread
        state = np.zeros(sites, bool)
        # The pulse of the other sign is the same after half a turn about the current.
        both = [law.at(draws, current) for current in currents]
        last_down, last_up = both[-1]
        for cycle in range(-_BEFORE, cycles):
            for _ in range(3):
                state = _step(state, last_up, last_down, generator)
            for step, (down, up) in enumerate(both):
                state = _step(state, down, up, generator)
                levels[device, max(cycle, 0), step] = state.mean()
    return levels


def _step(reversed_, down, up, generator):
    chance = generator.random(reversed_.shape, dtype=np.float32)
    return np.where(reversed_, chance >= up, chance < down)


def variation(levels: Float[np.ndarray, "devices cycles steps"]) -> dict[str, np.ndarray]:
    """Cycle-to-cycle deviation of each device: over its range, and over its mean level.

    The mean over the states of the standard deviation over the cycles; the range is that
    of the mean levels.
    """
    deviation = levels.std(axis=1, ddof=1).mean(axis=-1)
    mean = levels.mean(axis=1)
    return {
        "range": deviation / (mean.max(-1) - mean.min(-1)),
        "mean": deviation / mean.mean(-1),
        "reach": mean.max(-1) - mean.min(-1),
    }


def states(
    levels: Float[np.ndarray, "devices cycles steps"], confusion: float
) -> Float[np.ndarray, " devices"]:
    """Most states of each device that neighbours confuse in at most `confusion`.

    Each level is taken as normal, with its own mean and deviation over the cycles, and a
    threshold between two at equal distance in deviations; states are chosen from the
    lowest level upwards, which gives the most.
    """
    return np.array([len(_apart(device, confusion)) for device in levels], float)


def judged(
    levels: Float[np.ndarray, "devices cycles steps"], confusion: float
) -> Float[np.ndarray, " devices"]:
    """States that are chosen as `states` does on every other cycle, and hold on the rest.

    Of those that were chosen, the most that are apart by the mean and deviation of the
    cycles that chose nothing.
    """
    found = []
    for device in levels:
        picked = _apart(device[::2], confusion)
        found.append(len(_apart(device[1::2, picked], confusion)))
    return np.array(found, float)


def _apart(device: Float[np.ndarray, "cycles steps"], confusion: float) -> list[int]:
    """Steps, from the lowest level upwards, that neighbours confuse at most so often."""
    apart = scipy.stats.norm.ppf(1 - confusion)
    mean, deviation = device.mean(0), device.std(0, ddof=1)
    order = np.argsort(mean)
    kept = [int(order[0])]
    for step in order[1:]:
        last = kept[-1]
        if mean[step] - mean[last] >= apart * (deviation[step] + deviation[last]):
            kept.append(int(step))  # of levels that are as far, the first
    return kept


def confused(levels: Float[np.ndarray, "devices cycles steps"]) -> np.ndarray:
    """Share of cycles of each device read as another of its steps, by nearest mean.

    The means are those of every other cycle, what is read those between.
    """
    mean = levels[:, ::2].mean(axis=1, keepdims=True)
    nearest = np.argmin(np.abs(levels[:, 1::2, :, None] - mean[:, :, None, :]), axis=-1)
    return np.mean(nearest != np.arange(levels.shape[-1]), axis=(1, 2))
