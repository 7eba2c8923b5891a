from ..data import Pulses as Pulses, State as State
from . import presets as presets
from ._demagnetisation import Demagnetisation as Demagnetisation
from ._equilibrium import stiffest_field as stiffest_field
from ._escape import (
    brown_rate as brown_rate,
    escape_rate as escape_rate,
    relaxation_rate as relaxation_rate,
)
from ._exchange import Exchange as Exchange
from ._fokker_planck import (
    AxialDensity as AxialDensity,
    evolve as evolve,
    modes_for as modes_for,
    well as well,
    write_error_rate as write_error_rate,
)
from ._granular import (
    GrainLayer as GrainLayer,
    GranularJunction as GranularJunction,
    SoftLayer as SoftLayer,
)
from ._grid import TimeGrid as TimeGrid
from ._junction import Circuit as Circuit, Junction as Junction
from ._local_terms import Uniaxial as Uniaxial, Zeeman as Zeeman
from ._microstructure import (
    Microstructure as Microstructure,
    microstructures as microstructures,
)
from ._newell import prism_tensor as prism_tensor
from ._observables import (
    AbstractObservable as AbstractObservable,
    Level as Level,
    Switched as Switched,
)
from ._pathwise import Pathwise as Pathwise
from ._sweep import sweep as sweep
from ._system import System as System
from ._term import AbstractTerm as AbstractTerm
