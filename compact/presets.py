"""Parameter sets, one function per source; each says what is measured and what assumed."""

from ..data import State
from ._junction import Junction
from ._macrospin import MacrospinSwitching
from ._switching_junction import SwitchingJunction
from ._temperature import MagneticTemperature
from ._variation import Variation


def switching_junction() -> SwitchingJunction:
    """A perpendicular junction of some 40 nm for memory: a stand-in.

    No device was measured for this set: all values are assumptions. Resistance and TMR
    are of what foundries make, the barrier is that of ten years at 85 C for a small
    array, thresholds below half a volt with P to AP the harder way, and the relaxation is
    that of a damping of .01 in an anisotropy field of .5 T.
    """
    return SwitchingJunction(
        Junction(
            parallel=5e3,
            tmr=1.5,
            half_positive=0.5,
            half_negative=0.45,
            bloch=2e-5,
            smearing=1e-3,
        ),
        MacrospinSwitching(
            (State.PARALLEL, State.ANTIPARALLEL),
            stability=60.0,
            critical_from_p=0.5,
            critical_from_ap=0.4,
            relaxation=0.9e9,
            stray=0.02,
        ),
        MagneticTemperature(curie=1100.0),
    )


def variation() -> Variation:
    """Deviations between wafers and between neighbours: assumed, of the usual size."""
    return Variation(
        global_resistance=0.05,
        global_critical=0.04,
        global_stability=0.05,
        local_resistance=0.04,
        local_critical=0.05,
        local_stability=0.06,
    )
