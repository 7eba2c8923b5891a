"""How long a run takes and how much it writes, before it is begun."""

import os

from ._setup import Setup, Sweep


# Measured on two cores of a 2.x GHz server processor: spin-steps per second and core in
# float32, what float64 and the reverse pass cost in terms of them, seconds for the rest.
RATE = 1.0e7
FLOAT64, REVERSE = 2.0, 4.0
COMPILING = 60.0
CHIP_STEP = 2e-3


def events(sweep: Sweep, spins: int) -> float:
    """Spin-steps of a sweep."""
    points = 1
    for length in sweep.pulses.shape:
        points *= length
    return float(sweep.draws * points * sweep.trials * sweep.grid.steps * spins)


def estimate(setup: Setup) -> str:
    """A sentence with the time and the size on this machine's number of processors."""
    spins = 2 * setup.device.grains
    rest = setup.sensitivities
    quotients = 4 * len(rest.parameters)
    work = (
        events(setup.sweep, spins)
        + events(rest.truth, spins) * rest.keys * (1 + REVERSE)
        + events(rest.code, spins) * FLOAT64 * (1 + REVERSE + quotients)
    )
    cores = min(os.cpu_count() or 1, 64)
    seconds = work / RATE / cores + COMPILING
    points = 1
    for length in setup.sweep.pulses.shape:
        points *= length
    size = setup.sweep.draws * points * (64 + 6) * 8 + 2e6
    return (
        f"About {max(1, round(seconds / 60))} min on {cores} processors "
        f"({work:.1e} spin-steps), and {size / 1e6:.0f} MB on disk."
    )
