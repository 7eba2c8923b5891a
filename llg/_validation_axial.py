"""Rows of the reference table that have one axis: closed forms and Fokker-Planck."""

import math
from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy import constants

from . import _closed_forms as closed
from ._constants import K_B
from ._escape import brown_rate, escape_rate, relaxation_rate
from ._fokker_planck import axial_evolve, axial_well, AxialDensity
from ._validation import Check, within
from ._write_error_rate import write_error_rate


DETERMINISTIC = 1e-6
# The eigenvalues of the table come from a float64 eigensolver: an absolute error of
# 3e-12 (fifty-digit arithmetic gives 9.858281859479e-9 where it has 9.859494e-9).
_EIGENVALUE_NOISE = 3e-12


def switching_times(rows: dict[str, Any]) -> Iterator[Check]:
    """Reduced time from a start angle to the equator."""
    for r in rows["B_axial_switch"]["rows"]:
        tau = closed.switching_time(r["theta0"], r["i"])
        case = f"reduced time to the equator, i = {r['i']}, start {r['theta0']} rad"
        yield within("B_axial_switch", case, r["tau"], tau, DETERMINISTIC)


def thresholds(rows: dict[str, Any]) -> Iterator[Check]:
    """Astroid, critical current and spin-orbit threshold."""
    for degrees, h in rows["D_sw_astroid"].items():
        obtained = closed.astroid(math.radians(float(degrees)))
        case = f"switching field / B_k at {degrees} degrees"
        yield within("D_sw_astroid", case, h, obtained, DETERMINISTIC)
    r = rows["E_Ic0_pMTJ"]
    area = math.pi / 4 * r["dia"] ** 2
    barrier = r["Keff"] * area * r["t_FL"]
    current = closed.critical_current(r["alpha"], r["P"], barrier)
    for case, key, value in (
        ("critical current [uA]", "Ic0_uA", current * 1e6),
        ("critical current density [A/m^2]", "Jc0_A_m2", current / area),
        ("thermal stability at 300 K", "Delta300", barrier / (K_B * 300)),
    ):
        yield within("E_Ic0_pMTJ", case, r[key], value, DETERMINISTIC)
    r = rows["F_sot"]
    for b, c in zip(r["b"], r["exact"], strict=True):
        case = f"spin-orbit threshold / B_k at B_x / B_k = {b}"
        yield within("F_sot", case, c, closed.sot_threshold(b), DETERMINISTIC)
    e = r["example"]
    charge = 2 * constants.e / constants.hbar
    scale = charge * e["Ms"] * e["t"] / e["theta"] * e["Bk"]
    current = scale * closed.sot_threshold(e["Bx"] / e["Bk"])
    yield within("F_sot", "critical density [A/m^2]", e["Jc"], current, DETERMINISTIC)


def equilibrium(rows: dict[str, Any]) -> Iterator[Check]:
    """Moments of the Boltzmann distribution and the Langevin function."""
    r = rows["G_boltzmann_uniaxial"]
    for delta, moments in r["moments"].items():
        well = axial_well(float(delta), modes=101)
        z2 = well.variance + well.mean**2
        for case, key, value in (
            ("<m_z^2>", "mz2", z2),
            ("<m_x^2>", "mx2", (1 - z2) / 2),
        ):
            case = f"{case} at Delta = {delta}"
            yield within("G_boltzmann_uniaxial", case, moments[key], value, DETERMINISTIC)
    for x, value in r["langevin"].items():
        obtained = closed.langevin(float(x))
        yield within("G_boltzmann_uniaxial", f"Langevin({x})", value, obtained, 1e-6)
    case = r["langevin_case"]
    for kelvin, value in case["T"].items():
        x = case["Ms"] * case["V"] * case["B"] / (K_B * float(kelvin))
        name = f"free moment in {case['B']} T at {kelvin} K, <m_z>"
        yield within("G_boltzmann_uniaxial", name, value, closed.langevin(x), 1e-6)


def relaxation(rows: dict[str, Any]) -> Iterator[Check]:
    """Mean of an ensemble that starts at the pole."""
    r = rows["H_relax_ensemble"]
    pole = AxialDensity(jnp.asarray(np.sqrt(2 * np.arange(101.0) + 1)))
    mean = axial_evolve(pole, r["Delta"], 0.0, r["tau"]).mean
    yield within("H_relax_ensemble", "<m_z>, Fokker-Planck", r["mz_FP"], mean, 1e-6)


def escape(rows: dict[str, Any]) -> Iterator[Check]:
    """Smallest eigenvalues of the Fokker-Planck operator and Brown's asymptotes."""
    row = "I_neel_brown"

    def rate(name, expected, obtained, delta):
        relative = 1e-6 if delta <= 12 else 1e-4
        return within(row, name, expected, obtained, relative, _EIGENVALUE_NOISE)

    for key, r in rows[row]["table"].items():
        delta = float(key)
        case = f"relaxation rate at Delta = {key}"
        yield rate(case, r["lambda1"], relaxation_rate(delta), delta)
        brown = 2 * brown_rate(delta)
        yield within(row, f"Brown's rate at Delta = {key}", r["brown"], brown, 1e-6)
    for key, r in rows[row]["biased"].items():
        delta, h = (float(part[1:]) for part in key.split("_"))
        case = f"relaxation rate at Delta = {delta:g}, h = {h}"
        yield rate(case, r["lambda1_exact"], relaxation_rate(delta, h), delta)
        for side, sign in (("minority", -1), ("majority", 1)):
            case = f"Brown's {side} rate at Delta = {delta:g}, h = {h}"
            brown = brown_rate(delta, sign * h)
            yield within(row, case, r[f"rate_{side}"], brown, DETERMINISTIC)
    e = rows[row]["example"]
    one_second = closed.reduced_time(1.0, e["alpha"], e["Bk"])
    lifetime = 1e9 / (escape_rate(e["Delta"]) * one_second)
    case = "lifetime of one well at Delta = 5 [ns]"
    yield within(row, case, e["one_over_rate_well_ns"], lifetime, DETERMINISTIC)
    for r in rows["J_WER"]["read_disturb"]:
        delta, i = float(r["Delta"]), r["i"]
        case = f"read disturb, Delta = {delta:g}, i = {i}"
        brown = brown_rate(delta, -i)
        yield within(row, f"Brown, {case}", r["brown_rate_per_tau"], brown, 1e-6)
        if r["lambda1_exact"] is not None:
            yield rate(case, r["lambda1_exact"], relaxation_rate(delta, -i), delta)


def write_errors(rows: dict[str, Any]) -> Iterator[Check]:
    """Write-error rates by Fokker-Planck and by two closed forms."""
    table = rows["J_WER"]
    for r in table["rows"]:
        delta, i, tau = float(r["Delta"]), r["i"], float(r["tau"])
        case = f"Delta = {delta:g}, i = {i}, tau = {tau:g}"
        rate = write_error_rate(delta, i, tau, modes=121)
        yield within("J_WER", f"error rate, {case}", r["WER_FP"], rate, 1e-8, 1e-11)
        for name, key, angle in (
            ("Butler", "WER_Butler", math.pi / 2),
            ("corrected", "WER_corrected", closed.critical_angle(i)),
        ):
            rate = closed.asymptotic_write_error_rate(delta, i, tau, angle)
            yield within("J_WER", f"{name}, {case}", r[key], rate, DETERMINISTIC)
    for i, angle in table["theta_c"].items():
        obtained = closed.critical_angle(float(i))
        yield within("J_WER", f"critical angle, i = {i}", angle, obtained, DETERMINISTIC)


def fluctuation(rows: dict[str, Any]) -> Iterator[Check]:
    """Transverse fluctuation in one well."""
    expected = rows["W_misc"]["fdt"]["mx_var_Delta40"]
    well = axial_well(40.0, modes=101)
    obtained = (1 - well.variance - well.mean**2) / 2
    yield within("W_misc", "<m_x^2> at Delta = 40", expected, obtained, DETERMINISTIC)


AXIAL = (
    switching_times,
    thresholds,
    equilibrium,
    relaxation,
    escape,
    write_errors,
    fluctuation,
)
