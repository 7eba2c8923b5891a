"""Rows of the reference table on fields of bodies, oscillations and nucleation."""

import ast
import math
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm

from ._demagnetisation import Demagnetisation
from ._exchange import Exchange
from ._junction import Circuit
from ._local_terms import Uniaxial, Zeeman
from ._modes import modes, nucleation_field
from ._newell import prism_tensor
from ._system import System
from ._term import AbstractTerm
from ._validation import Check, within


MODE = 1e-3
THRESHOLD = 1e-2
_Z = np.array([0.0, 0.0, 1.0])


def magnet(terms: tuple[AbstractTerm, ...], moment: Any, alpha: float = 0.0) -> System:
    """Spins with energies and no torque, at zero temperature."""
    moment = jnp.asarray(moment)
    one = jnp.asarray(1.0)
    return System(
        terms=terms,
        circuit=Circuit(one, one, one, jnp.asarray(0.0)),
        moment=moment,
        alpha=jnp.full(moment.shape, alpha),
        torque=jnp.zeros(moment.shape),
        weight=jnp.ones(moment.shape) / moment.size,
        polariser=jnp.asarray(_Z),
        temperature=0.0,
    )


def uniaxial(k_u: Any, volume: Any, moment: Any) -> Uniaxial:
    """Anisotropy along `z`."""
    axis = jnp.broadcast_to(_Z, (moment.shape[0], 3))
    return Uniaxial(k_u=k_u, volume=volume, moment=moment, axis=axis)


def body(
    m_s: float, factors: tuple[float, float, float], k_u: float, b: Any, alpha: float = 0.0
) -> System:
    """One magnet of unit volume with demagnetising factors, anisotropy and field."""
    volume = jnp.ones(1)
    moment = m_s * volume
    tensor = jnp.diag(jnp.asarray(factors))[None, None]
    return magnet(
        (
            uniaxial(jnp.full(1, k_u), volume, moment),
            Zeeman(b=jnp.asarray(b, float)[None], moment=moment),
            Demagnetisation(tensor=tensor, m_s=moment, volume=volume),
        ),
        moment,
        alpha,
    )


def gigahertz(omega: Any) -> float:
    """Frequency of an angular frequency."""
    return float(np.real(omega)) / (2 * math.pi * 1e9)


def prisms(rows: dict[str, Any]) -> Iterator[Check]:
    """Demagnetising factors of prisms."""
    factors = jax.jit(lambda edges: jnp.diag(prism_tensor(jnp.zeros(3), edges, edges)))
    for key, expected in rows["M_demag_prism"].items():
        edges = np.array(ast.literal_eval(key), float)
        obtained = factors(jnp.asarray(edges / edges.max()))
        for axis, wanted, got in zip("xyz", expected, obtained, strict=True):
            yield within("M_demag_prism", f"N_{axis}{axis} of {key}", wanted, got, 1e-6)


def ferromagnetic_resonance(rows: dict[str, Any]) -> Iterator[Check]:
    """Kittel's formulas from linearised dynamics."""
    table = rows["C_kittel_GHz"]
    flat, ball = (0.0, 0.0, 1.0), (1 / 3, 1 / 3, 1 / 3)
    for key, expected in table["values"].items():
        b = float(key.split("_B")[1])
        if key.startswith("perp"):
            system, along = body(1e6, flat, 8e5, (0, 0, b)), (0.0, 0.0, 1.0)
        else:
            factors = ball if key.startswith("sphere") else flat
            system, along = body(table["Ms"], factors, 0.0, (b, 0, 0)), (1.0, 0.0, 0.0)
        omega = modes(system, jnp.array([along]))
        case = f"resonance [GHz], {key}"
        yield within("C_kittel_GHz", case, expected, gigahertz(omega[0]), MODE)
    expected = rows["W_misc"]["fdt"]["fwhm_GHz_alpha0p01_Bk0p5"]
    m_s = 1e6
    omega = modes(body(m_s, (0, 0, 0), 0.25 * m_s, (0, 0, 0), 0.01), jnp.asarray(_Z[None]))
    obtained = gigahertz(2 * omega[0].imag)
    case = "full width [GHz], alpha = .01, B_k = .5 T"
    yield within("W_misc", case, expected, obtained, MODE)


def two_layers(rows: dict[str, Any]) -> Iterator[Check]:
    """Modes and nucleation of a hard and a soft layer under exchange."""
    table = rows["T_two_layer_ECC"]
    layers = (table["hard"], table["soft"])
    k_u, m_s, volume = (jnp.array([layer[k] for layer in layers]) for k in ("K", "Ms", "t"))
    moment = m_s * volume
    up = jnp.broadcast_to(_Z, (2, 3))
    for r in table["rows"]:
        bond = Exchange(jnp.array([[0, 1]]), strength=jnp.array([r["J"]]), moment=moment)
        system = magnet((uniaxial(k_u, volume, moment), bond), moment)
        case = f"J = {r['J']:g} J/m^2"
        field = nucleation_field(system, up)
        yield within(
            "T_two_layer_ECC",
            f"nucleation field [T], {case}",
            r["B_nucleation_T"],
            field,
            THRESHOLD,
        )
        for expected, omega in zip(r["fmr_GHz_B0"], modes(system, up), strict=True):
            obtained = gigahertz(omega)
            yield within("T_two_layer_ECC", f"mode [GHz], {case}", expected, obtained, MODE)


def granular_star(rows: dict[str, Any]) -> Iterator[Check]:
    """Nucleation of 64 grains on one homogeneous layer."""
    number, thickness = 64, 1e-9
    normal = norm.ppf((jnp.arange(number) + 0.5) / number)
    volume = jnp.append(jnp.full(number, thickness / number), thickness)
    moment = jnp.append(jnp.full(number, 8e5), 1e6) * volume
    bonds = jnp.stack([jnp.arange(number), jnp.full(number, number)], 1)
    up = jnp.broadcast_to(_Z, (number + 1, 3))

    @jax.jit
    def field(spread, j):
        k_u = jnp.append(8e5 * jnp.exp(spread * normal), 2e5)
        strength = jnp.full(number, 1.0) * j / number
        bond = Exchange(bonds, strength=strength, moment=moment)
        return nucleation_field(magnet((uniaxial(k_u, volume, moment), bond), moment), up)

    for r in rows["U_granular_star"]["rows"]:
        for key, expected in r.items():
            if key.startswith("J"):
                spread = r["sigma_lnK"]
                obtained = field(spread, float(key[1:]))
                case = f"nucleation field [T], spread {spread}, J = {key[1:]} J/m^2"
                yield within("U_granular_star", case, expected, obtained, THRESHOLD)


MODES = (prisms, ferromagnetic_resonance, two_layers, granular_star)
