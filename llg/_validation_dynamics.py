"""Rows of the reference table on motion without noise, and on Voronoi cells."""

import math
from collections.abc import Iterator
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ._constants import GAMMA
from ._deterministic import deterministic
from ._junction import Circuit
from ._local_terms import Uniaxial, Zeeman
from ._microstructure import cells
from ._pulse import Pulse
from ._system import System
from ._validation import Check, within


EXACT = 1e-6
_Z = np.array([[0.0, 0.0, 1.0]])


def spin(b: Any, b_k: Any, alpha: Any) -> System:
    """One spin of unit moment in a field, with a spin-transfer field of 1 T per volt."""
    one = jnp.asarray(1.0)
    ones = jnp.ones(1)
    b_k = jnp.asarray(b_k, float)[None]
    return System(
        terms=(
            Uniaxial(k_u=b_k / 2, volume=ones, moment=ones, axis=jnp.asarray(_Z)),
            Zeeman(b=jnp.asarray(b, float)[None], moment=ones),
        ),
        circuit=Circuit(one, one, one, jnp.asarray(0.0)),
        moment=ones,
        alpha=jnp.asarray(alpha, float)[None],
        torque=ones,
        weight=ones,
        polariser=jnp.asarray(_Z[0]),
        temperature=0.0,
    )


def precession(rows: dict[str, Any]) -> Iterator[Check]:
    """A damped spin in a field, and how it depends on field and damping."""
    row = rows["A_larmor"]
    times = jnp.asarray(row["t_s"])
    m0 = jnp.asarray([row["m0"]], float)

    def run(parameters):
        b, alpha = parameters
        system, forward = spin(b * _Z[0], 0.0, alpha), diffrax.ForwardMode()
        m = deterministic(system, m0, times, adjoint=forward)[:, 0]
        return m[:, 2], m

    slopes, m = jax.jacfwd(run, has_aux=True)((row["B_T"], row["alpha"]))
    for i, t in enumerate(row["t_s"]):
        case = f"at {t:g} s"
        for axis, wanted, got in zip("xyz", row["m"][i], m[i], strict=True):
            yield within("A_larmor", f"m_{axis} {case}", wanted, got, 0.0, EXACT)
        for slope, name in zip(slopes, ("dB", "dalpha"), strict=True):
            wanted = row[f"grad_dmz_{name}"][i]
            yield within("A_larmor", f"dm_z/{name} {case}", wanted, slope[i], EXACT, EXACT)


def axial_switching(rows: dict[str, Any]) -> Iterator[Check]:
    """Time from a small angle to the equator under spin-transfer torque."""
    row = rows["B_axial_switch"]
    alpha, b_k = row["alpha"], row["Bk_T"]

    @eqx.filter_jit
    def cosine(i, angle, time):
        m0 = jnp.stack([jnp.sin(angle), 0.0, jnp.cos(angle)])[None]
        pulse = Pulse(voltage=i * alpha * b_k, width=2 * time)
        system = spin(jnp.zeros(3), b_k, alpha)
        return deterministic(system, m0, time[None], pulse)[0, 0, 2]

    for r in row["rows"]:
        expected, i = r["t_ns"], r["i"]
        z = cosine(*(jnp.asarray(x) for x in (i, r["theta0"], expected * 1e-9)))
        # The rate of m_z at the equator is -i in reduced time.
        late = float(z) / i * (1 + alpha**2) / (alpha * GAMMA * b_k)
        case = f"switching time [ns], i = {i:g}, angle {r['theta0']:g}, integrated"
        yield within("B_axial_switch", case, expected, expected + 1e9 * late, EXACT)


def half_turn(rows: dict[str, Any]) -> Iterator[Check]:
    """Half a turn about a field across a vanished anisotropy."""
    row = rows["P_vcma_half_turn"]
    damped = row["mz_alpha"]
    half = math.pi / (GAMMA * row["Bx"]) * 1e9
    case = "duration of half a turn [ns]"
    yield within("P_vcma_half_turn", case, row["t_half_ns"], half, EXACT)
    times = jnp.asarray([row["t_half_ns"] * 1e-9])
    for alpha, expected in (
        (row["alpha"], row["mz_after"]),
        (damped["alpha"], damped["mz_t_half"]),
    ):
        system = spin(jnp.array([row["Bx"], 0.0, 0.0]), 0.0, alpha)
        m = deterministic(system, jnp.asarray(_Z), times)
        case = f"m_z after half a turn, alpha = {alpha:g}"
        yield within("P_vcma_half_turn", case, expected, m[0, 0, 2], 0.0, EXACT)


def random_cells(rows: dict[str, Any]) -> Iterator[Check]:
    """Sides and areas of the Voronoi cells of random seeds, away from the edge."""
    row = rows["Q_poisson_voronoi"]
    generator = np.random.default_rng(0)
    number, draws = 600, 40
    sides, areas = [], []
    for _ in range(draws):
        seeds = generator.random((number, 2))
        _, area, pairs, _ = cells(seeds)
        inner = np.all(np.abs(seeds - 0.5) < 0.3, axis=1)
        sides.append(np.bincount(pairs.ravel(), minlength=number)[inner].mean())
        areas.append(((area[inner] * number - 1) ** 2).mean())
    for case, values, key in (
        ("mean number of sides", sides, "mean_sides"),
        ("variance of the area over its squared mean", areas, "var_area_over_mean2"),
    ):
        error = float(np.std(values, ddof=1)) / math.sqrt(draws)
        expected, obtained = float(row[key]), float(np.mean(values))
        yield Check("Q_poisson_voronoi", case, expected, obtained, standard_error=error)


DYNAMICS = (precession, axial_switching, half_turn, random_cells)
