"""Parameter sets, one function per source; each says what is measured and what assumed."""

import math

import jax.numpy as jnp

from ._driven import SpinOrbitMacrospin, VoltageControlledMacrospin
from ._granular import GrainLayer, GranularJunction, SoftLayer
from ._junction import Junction
from ._macrospin import Macrospin
from ._spin_orbit import HeavyMetal


def granular_junction() -> GranularJunction:
    """A 50 nm x 50 nm junction with a granular hard layer: a stand-in.

    No device of this kind was measured for this set: all values are assumptions, chosen
    as follows. Soft layer: magnetisation, damping and anisotropy of thin CoFeB. Grains:
    of the size of granular recording media, with a magnetisation that is low and an
    anisotropy that gives a single grain a barrier of 40 to 55 kT at 300 K; a damping at
    the low end of what such layers have, so that spin-transfer torque from one side can
    switch them. The stiffest mode stays near 6 T, so that steps of 0.1 ps do. Junction: a
    resistance-area product and TMR that foundries reach, chosen so that pulses of 0.5 to
    1.1 V and 0.5 to 2 ns span the levels; the one product serves writing, reading and the
    array. Breakdown at 1.5 V: of a barrier of 1 nm.
    """
    return GranularJunction(
        soft=SoftLayer(m_s=9e5, thickness=1.0e-9, alpha=0.004, k_u=3.0e5, a_ex=6e-12),
        grain=GrainLayer(
            m_s=5e5,
            thickness=3e-9,
            alpha=0.004,
            k_u=1.0e6,
            k_u_spread=0.1,
            size=7.9e-9,
            size_spread=0.1,
            j_boundary=1e-4,
        ),
        junction=Junction(
            resistance_area=5e-12,
            tmr=1.8,
            v_half=0.6,
            polarisation=0.7,
            series_resistance=200.0,
            breakdown=1.5,
        ),
        j_interlayer=1.2e-3,
        side=50e-9,
        temperature=300.0,
    )


def granular_memory() -> GranularJunction:
    """A 50 nm x 50 nm granular junction that is written, read and keeps: a stand-in.

    As for `granular_junction` nothing is measured and all values are assumptions, chosen
    so that one resistance-area product does: pulses of 3 ns below 1.2 V turn up to seven
    tenths of the grains, either way, and these stay turned; ten years at 300 K for every
    grain of the uniform states; a reading at 20 mV. What writes is the sum of all barriers
    and what keeps is the least of them, so that grains must be alike: draw them with
    `microstructures(device, number, key=key, relaxations=60)`, whose areas vary by 9 %.
    With the default, which varies by a quarter, the smallest grains forget.

    Grains: a barrier of 56 to 62 kT in the weakest, 75 kT in the median, by anisotropy and
    thickness; a magnetisation whose stray fields make up for the exchange along the soft
    layer, so that a grain is as stable among opposite ones; little spread, little exchange
    through boundaries. Damping: the least that thin CoFeB has. Soft layer: little moment,
    in the plane if it were alone. Interlayer exchange: 0.8 and 2 mJ/m^2 turn fewer grains.
    Junction as in `granular_junction`. Steps of 0.1 ps do.
    """
    return GranularJunction(
        soft=SoftLayer(m_s=7e5, thickness=1.0e-9, alpha=0.004, k_u=2.0e5, a_ex=4e-12),
        grain=GrainLayer(
            m_s=5e5,
            thickness=5.5e-9,
            alpha=0.004,
            k_u=9.2e5,
            k_u_spread=0.02,
            size=8e-9,
            size_spread=0.02,
            j_boundary=1e-4,
        ),
        junction=Junction(
            resistance_area=5e-12,
            tmr=1.8,
            v_half=0.6,
            polarisation=0.7,
            series_resistance=200.0,
            breakdown=1.5,
        ),
        j_interlayer=1.2e-3,
        side=50e-9,
        temperature=300.0,
    )


def _side(diameter: float) -> float:
    """Side of the square of the area of a circle."""
    return math.sqrt(math.pi) / 2 * diameter


def stt_mram() -> Macrospin:
    """A perpendicular junction of 40 nm diameter, written through the barrier.

    Measured, S. Ikeda et al., Nature Materials 9, 721 (2010), abstract: a CoFeB-MgO
    junction of 40 nm diameter, a TMR above 120 %, and a critical current of 49 uA.

    Assumed: `m_s` and `thickness`, of thin CoFeB; `k_u`, so that the barrier is 60 kT at
    300 K (with the prism's own demagnetisation); `polarisation`, because sqrt(TMR (TMR +
    2)) / (TMR + 1) would give .89, and what reaches the layer is less; `resistance_area`,
    of a barrier that is thin enough to write; `alpha`, so that the critical current is the
    measured one at that barrier; `v_half` and `breakdown`, of MgO of 1 nm. A square
    of the same area stands for the circle, and one spin for the layer: reversal in a part
    of it, which needs less energy at this size, is left out.
    """
    return Macrospin(
        junction=Junction(
            resistance_area=18e-12,
            tmr=1.2,
            v_half=0.5,
            polarisation=0.6,
            series_resistance=0.0,
            breakdown=1.5,
        ),
        m_s=1.26e6,
        side=_side(40e-9),
        thickness=1.3e-9,
        alpha=0.0143,
        k_u=1.0084e6,
    )


def superparamagnetic() -> Macrospin:
    """A perpendicular junction of 50 nm diameter that forgets within nanoseconds.

    Measured, L. Soumah et al., arXiv 2402.03452 (2024), abstract: perpendicular junctions
    of 50 nm diameter with mean dwell times down to 2.7 ns, under a field in the plane.

    Assumed: `k_u`, so that the barrier is 5 kT at 300 K, from which one spin escapes in
    some 3 us without a field; all else as in `stt_mram`, with a damping of .02. Theirs are
    much faster because they do not reverse as one spin: prefactors of femtoseconds.
    """
    return Macrospin(
        junction=Junction(
            resistance_area=15e-12,
            tmr=1.2,
            v_half=0.5,
            polarisation=0.6,
            series_resistance=0.0,
            breakdown=1.5,
        ),
        m_s=1.26e6,
        side=_side(50e-9),
        thickness=1.3e-9,
        alpha=0.02,
        k_u=8.8645e5,
    )


def sot_mram() -> SpinOrbitMacrospin:
    """A perpendicular cell with three terminals, written by a line of tantalum.

    Measured, M. Cubukcu et al., Appl. Phys. Lett. 104, 042406 (2014), abstract: a
    Ta/FeCoB/MgO/FeCoB junction that switches at 5e11 A/m^2 in the tantalum, in a bias
    field in the plane.

    Assumed: `spin_hall`, `field_like` and `resistivity`, of tantalum in its beta phase;
    sizes of line and magnet, of a cell of 60 nm; `k_u`, so that the barrier is 50 kT at
    300 K; damping, of FeCoB on tantalum; the field of 10 mT. One spin needs more than the
    measured density, see `sot_threshold`: the junction of the paper is larger and
    reverses by a domain.
    """
    return SpinOrbitMacrospin(
        magnet=Macrospin(
            junction=Junction(
                resistance_area=20e-12,
                tmr=0.5,
                v_half=0.5,
                polarisation=0.4,
                series_resistance=0.0,
                breakdown=1.5,
            ),
            m_s=1.0e6,
            side=_side(60e-9),
            thickness=1.0e-9,
            alpha=0.05,
            k_u=6.484e5,
            b_x=0.01,
        ),
        line=HeavyMetal(
            spin_hall=0.12,
            field_like=0.0,
            polarisation=jnp.array([0.0, 1.0, 0.0]),
            resistivity=2e-6,
            length=100e-9,
            width=80e-9,
            thickness=5e-9,
        ),
    )


def vcma() -> VoltageControlledMacrospin:
    """A perpendicular junction with a thick barrier, written by the electric field.

    Measured, S. Kanai, F. Matsukura and H. Ohno, Appl. Phys. Lett. 108, 192406 (2016),
    abstract: a CoFeB/MgO junction with a barrier of 2.8 nm, a resistance-area product of
    176 kOhm um^2, and 6.3 fJ for a switching pulse.

    Assumed: the diameter of 70 nm; `k_u`, so that the barrier is 60 kT at 300 K without a
    field; `vcma`, at the upper end of what CoFeB on MgO shows, so that 1.8 V take the
    anisotropy away; `b_x`, a third of the anisotropy field; magnetisation, damping and
    TMR, of CoFeB. Half a turn takes .9 ns. The torque of the little current is negligible
    and the polarisation zero. That a thick barrier conducts more than in proportion to
    the voltage is left out.
    """
    return VoltageControlledMacrospin(
        magnet=Macrospin(
            junction=Junction(
                resistance_area=176e-9,
                tmr=1.0,
                v_half=1.0,
                polarisation=0.0,
                series_resistance=0.0,
                breakdown=4.0,
            ),
            m_s=1.26e6,
            side=_side(70e-9),
            thickness=1.5e-9,
            alpha=0.02,
            k_u=9.379e5,
            b_x=0.02,
        ),
        vcma=100e-15,
        barrier=2.8e-9,
    )
