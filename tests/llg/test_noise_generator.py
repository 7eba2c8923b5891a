"""The counter noise in a million macrospins, against NumPy's generator and arithmetic."""

import math

import numpy as np
import pytest

from .test_convergence import spin
from .test_statistical_laws import levels


SPINS, STEPS, STEP, ALPHA, DELTA, TORQUE = 2**20, 200, 0.1, 0.1, 20.0, 0.2


def second(spins: int, seed: int) -> np.ndarray:
    """m_z at the end, by Heun's method in float64 with Philox."""
    rng = np.random.Generator(np.random.Philox(seed))
    q = rng.standard_normal((2, spins)) / math.sqrt(2 * DELTA)
    m = np.concatenate([q * np.sqrt(1 - np.sum(q**2, 0) / 4), [1 - np.sum(q**2, 0) / 2]])
    sigma = math.sqrt(ALPHA / (DELTA * STEP))  # thermal field over the anisotropy field
    cross = lambda a, b: np.stack(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    )

    def change(m, noise):
        b = noise + TORQUE * np.stack([-m[1], m[0], 0 * m[0]])
        b[2] += m[2]
        c = cross(m, b)
        return -STEP / (1 + ALPHA**2) * (c + ALPHA * cross(m, c))

    for _ in range(STEPS):
        noise = sigma * rng.standard_normal((3, spins))
        first = change(m, noise)
        m = m + (first + change(m + first, noise)) / 2
        m /= np.sqrt(np.sum(m**2, 0))
    return m[2]


@pytest.mark.slow
def test_a_million_spins_have_the_moments_of_a_second_generator():
    """Mean, mean square and five quantiles, |z| < 4."""
    ours = levels(spin(300.0), step=STEP, time=STEPS * STEP, trials=SPINS)
    ours = 2 * ours.astype(float) - 1
    theirs = np.concatenate([second(SPINS // 16, seed) for seed in range(16)])
    cuts = np.quantile(theirs, (0.05, 0.25, 0.5, 0.75, 0.95))
    statistics = [lambda z: z, lambda z: z**2]
    statistics += [lambda z, c=c: (z < c).astype(float) for c in cuts]
    for f in statistics:
        a, b = f(ours), f(theirs)
        error = math.sqrt((a.var() + b.var()) / SPINS)
        assert abs(a.mean() - b.mean()) < 4 * error
