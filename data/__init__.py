from ._atomic import FileError as FileError
from ._concatenate import concatenate as concatenate
from ._conductances import Conductances as Conductances
from ._examples import (
    Examples as Examples,
    Learning as Learning,
    Standardisation as Standardisation,
)
from ._fetch import fetch as fetch
from ._images import images as images
from ._intervals import (
    clopper_pearson as clopper_pearson,
    trials_for as trials_for,
    trials_to_exclude as trials_to_exclude,
)
from ._learning import examples as examples, learning as learning
from ._load import load as load, provenance as provenance
from ._measured import Measured as Measured, read as read
from ._outcome import Outcome as Outcome
from ._parts import Parts as Parts
from ._product import Product as Product, product as product
from ._pulses import Pulses as Pulses
from ._quantity import (
    check_quantities as check_quantities,
    quantities as quantities,
    Quantity as Quantity,
    quantity as quantity,
    Scalar as Scalar,
)
from ._save import save as save
from ._statistics import (
    Levels as Levels,
    PulseEnergies as PulseEnergies,
    State as State,
    Switching as Switching,
)
from ._times import (
    SwitchingTimes as SwitchingTimes,
    Trajectories as Trajectories,
    Transitions as Transitions,
)
from ._units import parse_quantity as parse_quantity
from ._x64 import require_x64 as require_x64
