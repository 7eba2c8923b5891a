"""Parameter sets, one function per source; each says what is measured and what assumed."""

from ._granular import GrainLayer, GranularJunction, SoftLayer
from ._junction import Junction


def granular_junction() -> GranularJunction:
    """A 50 nm x 50 nm junction with a granular hard layer: a stand-in.

    No device of this kind was measured for this set: all values are assumptions, chosen
    as follows. Soft layer: magnetisation, damping and anisotropy of thin CoFeB. Grains:
    of the size of granular recording media, with a magnetisation that is low and an
    anisotropy that gives a single grain a barrier of 40 to 55 kT at 300 K; a damping at
    the low end of what such layers have, so that spin-transfer torque from one side can
    switch them. The stiffest mode stays near 6 T, so that steps of 0.1 ps do. Junction: a
    resistance-area product and TMR that foundries reach, chosen so that pulses of 0.5 to
    1.1 V and 0.5 to 2 ns span the levels.
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
        ),
        j_interlayer=1.2e-3,
        side=50e-9,
        temperature=300.0,
    )
