"""Rows of the reference table at finite temperature, by the Monte Carlo of `llg.sweep`.

Key 0 (folded with a number for each row), 20,000 trials, float32, and Cayley's steps of
gamma B dt = 0.1, whose bias of an error rate is a third of Heun's; a fifth of that where
the spin is nearly free, because there the thermal rotation in a step, not the field,
limits it (3 % bias of a free moment at x = 0.6).
"""

import math
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..data import Pulses, quantity, Scalar, State
from ._constants import GAMMA, K_B
from ._escape import relaxation_rate
from ._fokker_planck import axial_well
from ._grid import TimeGrid
from ._integrator import Integrator
from ._junction import Circuit
from ._local_terms import Uniaxial, Zeeman
from ._microstructure import Microstructure
from ._observables import Level, Switched
from ._pulse import Pulse
from ._sweep import sweep
from ._system import System
from ._thermometer import thermometer
from ._trajectory import trajectory
from ._validation import Check


TRIALS = 20_000
_ALPHA = 0.1
_STEP = 0.1  # gamma B dt
_FINE = 0.02


class Probe(eqx.Module):
    """One spin in reduced units: the source voltage is the overdrive at `b_k` = 1 T.

    Made for checks: its moment follows from `delta` (or, without anisotropy, from
    `zeeman`, the energy in 1 T) at the temperature.
    """

    delta: Scalar = quantity("1", lower=0, doc="anisotropy energy over k T")
    zeeman: Scalar = quantity("1", lower=0, default=0.0, doc="field energy over k T")

    def system(self, grains: Microstructure) -> System:
        """The one spin; `grains` only says how many."""
        temperature = 300.0
        energy = K_B * temperature * jnp.ones(1)
        # b_k = 2 delta kT / moment = 1 T, or the field is 1 T.
        moment = energy * jnp.where(self.delta > 0, 2 * self.delta, self.zeeman)
        up = jnp.array([[0.0, 0.0, 1.0]])
        volume, one = jnp.ones(1), jnp.asarray(1.0)
        return System(
            terms=(
                Uniaxial(k_u=self.delta * energy, volume=volume, moment=moment, axis=up),
                Zeeman(b=(self.zeeman * energy / moment)[:, None] * up, moment=moment),
            ),
            circuit=Circuit(one, one, one, jnp.asarray(0.0)),
            moment=moment,
            alpha=jnp.full(1, _ALPHA),
            torque=jnp.full(1, _ALPHA),
            weight=jnp.ones(1),
            polariser=up[0],
            temperature=temperature,
        )

    def check(self, grains: Microstructure) -> None:
        """Any draw will do."""


def seconds(tau: Any) -> Any:
    """Time of a reduced time at `b_k` = 1 T."""
    return np.asarray(tau) * (1 + _ALPHA**2) / (_ALPHA * GAMMA)


def single(number: int = 1) -> Microstructure:
    """A draw of `number` grains of equal size, without boundaries."""
    return Microstructure(
        centre=jnp.full((1, number, 2), 0.5),
        fraction=jnp.full((1, number), 1 / number),
        bonds=jnp.zeros((1, 1, 2), jnp.int32),
        boundary=jnp.zeros((1, 1)),
        distance=jnp.ones((1, 1)),
        anisotropy=jnp.zeros((1, number)),
        area=jnp.zeros((1, number)),
    )


def run(
    probe: Probe,
    overdrive: Any,
    tau: Any,
    observe: Any,
    *,
    row: int,
    settle: float = 0.0,
    step: float = _STEP,
) -> Any:
    """Statistics of a grid of overdrives and reduced times."""
    dt = step / GAMMA
    tau = np.asarray(tau, float)
    pulses = Pulses.product(voltage=jnp.asarray(overdrive), width=jnp.asarray(seconds(tau)))
    steps = math.ceil(seconds(tau).max() / dt) + 1
    grid = TimeGrid(dt=dt, steps=steps, settle=math.ceil(seconds(settle) / dt))
    key = jax.random.fold_in(jax.random.key(0), row)
    return sweep(
        probe,
        single(),
        pulses,
        grid,
        observe=observe,
        key=key,
        trials=TRIALS,
        integrator=Integrator.CAYLEY,
    )


def thermal(row: str, case: str, expected: Any, obtained: Any, error: Any) -> Check:
    """A check by its z-score."""
    name = f"{case}, Monte Carlo"
    return Check(row, name, float(expected), float(obtained), standard_error=float(error))


def write_errors(rows: dict[str, Any]) -> Iterator[Check]:
    """Error rates that 20,000 trials resolve."""
    table = {(r["i"], r["tau"]): r for r in rows["J_WER"]["rows"]}
    i, tau = (sorted({key[axis] for key in table}) for axis in (0, 1))
    delta = float(rows["J_WER"]["rows"][0]["Delta"])
    result = run(Probe(delta=delta), i, tau, Switched(), row=0, settle=3.0)
    left = 1 - np.asarray(result.switched / result.trials)[0]
    for a, overdrive in enumerate(i):
        for b, width in enumerate(tau):
            expected = table[overdrive, width]["WER_FP"]
            if TRIALS * min(expected, 1 - expected) < 20:
                continue
            error = math.sqrt(expected * (1 - expected) / TRIALS)
            case = f"error rate, Delta = {delta:g}, i = {overdrive}, tau = {width:g}"
            yield thermal("J_WER", case, expected, left[a, b], error)


def _mean_and_square(level) -> tuple[np.ndarray, np.ndarray]:
    """Sample means of m_z and m_z^2 from statistics of the conductance."""
    low, high = level.antiparallel[0], level.parallel[0]
    mean = 2 * (level.mean[0, 0] - low) / (high - low) - 1
    variance = 4 * level.variance[0, 0] / (high - low) ** 2
    return np.asarray(mean), np.asarray(variance * (TRIALS - 1) / TRIALS + mean**2)


def equilibrium(rows: dict[str, Any]) -> Iterator[Check]:
    """Second moments of the Boltzmann distribution.

    The linearised start of a well goes there slowly near Delta = 5: at reduced time 3 the
    moment is still 0.0058 too large, by a tenth of what it was.
    """
    table = rows["G_boltzmann_uniaxial"]["moments"]
    for number, (key, moments) in enumerate(table.items()):
        step = _STEP if float(key) > 2 else _FINE
        probe = Probe(delta=float(key))
        level = run(probe, [0.0], [8.0], Level(), row=100 + number, step=step)
        square = _mean_and_square(level)[1][0]
        well = axial_well(float(key), modes=101)
        p2, p4 = well.moments[2] / math.sqrt(5), well.moments[4] / 3
        fourth = 8 / 35 * p4 + 4 / 7 * p2 + 1 / 5
        error = math.sqrt((fourth - moments["mz2"] ** 2) / TRIALS)
        case = f"<m_z^2> at Delta = {key}"
        yield thermal("G_boltzmann_uniaxial", case, moments["mz2"], square, error)


def free_moment(rows: dict[str, Any]) -> Iterator[Check]:
    """The Langevin function."""
    case = rows["G_boltzmann_uniaxial"]["langevin_case"]
    for number, (kelvin, expected) in enumerate(case["T"].items()):
        x = case["Ms"] * case["V"] * case["B"] / (K_B * float(kelvin))
        probe = Probe(delta=0.0, zeeman=x)
        level = run(probe, [0.0], [8.0], Level(), row=200 + number, step=_FINE)
        mean = _mean_and_square(level)[0][0]
        # d<m_z>/dx is the variance.
        variance = 1 + 1 / x**2 - 1 / math.tanh(x) ** 2
        name = f"free moment at {kelvin} K, <m_z>"
        error = math.sqrt(variance / TRIALS)
        yield thermal("G_boltzmann_uniaxial", name, expected, mean, error)


def escape(rows: dict[str, Any]) -> Iterator[Check]:
    """Relaxation rates from the decay of the mean magnetisation between two times."""
    for number, key in enumerate(("1", "2", "3", "5")):
        delta = float(key)
        expected = rows["I_neel_brown"]["table"][key]["lambda1"]
        first = 2.0
        times = [first, first + min(1 / float(relaxation_rate(delta)), 20.0)]
        level = run(Probe(delta=delta), [0.0], times, Level(), row=300 + number)
        mean, square = _mean_and_square(level)
        rate = math.log(mean[0] / mean[1]) / (times[1] - times[0])
        scatter = np.sqrt(np.sum((square - mean**2) / mean**2) / TRIALS)
        case = f"relaxation rate at Delta = {key}"
        error = scatter / (times[1] - times[0])
        yield thermal("I_neel_brown", case, expected, rate, error)


def temperature(rows: dict[str, Any]) -> Iterator[Check]:
    """What the thermometer reads in a well, with the scatter between trials."""
    system = Probe(delta=20.0).system(single())
    step = _FINE / GAMMA
    grid = TimeGrid(dt=step, steps=math.ceil(float(seconds(4.0)) / step))
    still, trials = Pulse(voltage=0.0, width=1e-12), 400
    key = jax.random.fold_in(jax.random.key(0), 400)

    def run(trial):
        path = trajectory(
            system, still, grid, State.PARALLEL, key=key, trial=trial, every=20
        )
        return path.m[1:]

    m = jax.jit(jax.vmap(run))(jnp.arange(trials))
    each = np.asarray(jax.vmap(lambda m: thermometer(system, m))(m))[:, 0]
    whole = thermometer(system, m.reshape(-1, 1, 3))[0]
    error = each.std(ddof=1) / math.sqrt(trials)
    yield thermal("W_misc", "thermometer [K]", system.temperature, whole, error)


THERMAL = (write_errors, equilibrium, free_moment, escape, temperature)
