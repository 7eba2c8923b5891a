"""Rows of the reference table on currents, spin-orbit torque and voltage control."""

import math
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._deterministic import deterministic, rate
from ._drives import AbstractDrive, Following, Follows, SpinTorque
from ._junction import Circuit, Source
from ._local_terms import Uniaxial
from ._pulse import Pulse
from ._spin_orbit import slonczewski
from ._system import System
from ._validation import Check, within
from ._validation_dynamics import EXACT, spin
from ._validation_modes import THRESHOLD


_UP = jnp.array([[0.0, 0.0, 1.0]])


def driven(drive: AbstractDrive, b: Any, b_k: Any, alpha: Any) -> System:
    """One spin of unit moment at 1 A or 1 V per unit of the source, and a drive."""
    system = spin(b, b_k, alpha)
    # A source of current: the amplitude is that of the parallel conductance, 1 S.
    values = (1.0, 1e-9, 1.0, 0.0)
    circuit = Circuit(*(jnp.asarray(x) for x in values), source=Source.CURRENT)
    where = lambda s: (s.torque, s.circuit, s.drives)
    return eqx.tree_at(where, system, (jnp.zeros(1), circuit, (drive,)))


@eqx.filter_jit
def critical(system: System, m: Float[Array, "1 3"]) -> Float[Array, ""]:
    """Amplitude of the source at which the pole `m` begins to lose its stability.

    The growth of a small tilt is linear in the amplitude.
    """

    def growth(source):
        tilt = lambda q: rate(system, m + jnp.append(q, 0.0)[None], source)[0, :2]
        jacobian = jax.jacfwd(tilt)(jnp.zeros(2))
        return (jacobian[0, 0] + jacobian[1, 1]) / 2

    rest = growth(jnp.asarray(0.0))
    return rest / (rest - growth(jnp.asarray(1.0)))


def currents(rows: dict[str, Any]) -> Iterator[Check]:
    """Where Slonczewski's torque makes a perpendicular magnet unstable."""
    r = rows["E_Ic0_pMTJ"]
    area = math.pi / 4 * r["dia"] ** 2

    def torque(asymmetry):
        return slonczewski(
            polarisation=r["P"],
            asymmetry=asymmetry,
            field_like=0.0,
            m_s=jnp.array([r["Ms"]]),
            thickness=r["t_FL"],
            area=area,
            direction=_UP[0],
        )

    system = driven(torque(1.0), jnp.zeros(3), r["Bk_T"], r["alpha"])
    obtained = 1e6 * critical(system, _UP)
    case = "critical current [uA], stability of the driven spin"
    yield within("E_Ic0_pMTJ", case, r["Ic0_uA"], obtained, EXACT)
    asymmetry = 1.7
    system = driven(torque(asymmetry), jnp.zeros(3), r["Bk_T"], r["alpha"])
    ratio = -critical(system, _UP) / critical(system, -_UP)
    case = "critical currents P to AP over AP to P, Lambda = 1.7"
    yield within("W_misc", case, asymmetry**2, ratio, EXACT)


def spin_orbit(rows: dict[str, Any]) -> Iterator[Check]:
    """Spin-orbit torque that a slow pulse needs, by halving an interval eight times."""
    row = rows["F_sot"]
    drive = SpinTorque(
        direction=jnp.array([0.0, 1.0, 0.0]),
        damping_like=jnp.ones(1),
        field_like=jnp.zeros(1),
        follows=Follows.SOURCE,
    )
    slow, end = 2e-9, jnp.array([6e-9])

    @eqx.filter_jit
    def height(b, strength):
        system = driven(drive, jnp.stack([b, 0.0, 0.0]), 1.0, 0.5)
        pulse = Pulse(voltage=strength, width=10 * slow, rise=slow)
        return deterministic(system, _UP, end, pulse, tolerance=1e-6)[0, 0, 2]

    for b, expected in zip(row["b"], row["exact"], strict=True):
        low, high = 0.3, 0.6
        for _ in range(8):
            middle = (low + high) / 2
            lost = height(jnp.asarray(b), jnp.asarray(middle)) < 0.25
            low, high = (low, middle) if lost else (middle, high)
        case = f"spin-orbit threshold / B_k at B_x / B_k = {b}, integrated"
        yield within("F_sot", case, expected, (low + high) / 2, THRESHOLD)


def voltage_control(rows: dict[str, Any]) -> Iterator[Check]:
    """Half a turn while a voltage takes the anisotropy away."""
    row = rows["P_vcma_half_turn"]
    damped, b_k = row["mz_alpha"], 0.5
    ones = jnp.ones(1)
    softening = Following(
        Uniaxial(k_u=-b_k / 2 * ones, volume=ones, moment=ones, axis=_UP),
        follows=Follows.SOURCE,
    )
    time = jnp.asarray([row["t_half_ns"] * 1e-9])
    for alpha, expected in (
        (row["alpha"], row["mz_after"]),
        (damped["alpha"], damped["mz_t_half"]),
    ):
        system = driven(softening, jnp.array([row["Bx"], 0.0, 0.0]), b_k, alpha)
        m = deterministic(system, _UP, time, Pulse(voltage=1.0, width=1e-8))
        case = f"m_z after half a turn under a voltage, alpha = {alpha:g}"
        yield within("P_vcma_half_turn", case, expected, m[0, 0, 2], 0.0, EXACT)


DRIVES = (currents, spin_orbit, voltage_control)
