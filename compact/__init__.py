from . import presets as presets
from ._breakdown import Breakdown as Breakdown
from ._cell import LevelTable as LevelTable, TableCell as TableCell
from ._conditioned import (
    condition as condition,
    Conditioned as Conditioned,
    HeldOut as HeldOut,
)
from ._figures import (
    plot_conductance as plot_conductance,
    plot_levels as plot_levels,
    plot_switching as plot_switching,
)
from ._fit import Fit as Fit, fit as fit
from ._granular import GranularSynapse as GranularSynapse
from ._held_out import held_out_log_likelihood as held_out_log_likelihood
from ._intervals import intervals as intervals, profile as profile
from ._junction import Junction as Junction
from ._macrospin import MacrospinSwitching as MacrospinSwitching
from ._model import AbstractModel as AbstractModel
from ._multi_start import multi_start as multi_start, weighted as weighted
from ._neuron import Neuron as Neuron
from ._ngspice import ngspice as ngspice
from ._plots import plot_residuals as plot_residuals
from ._population import SynapsePopulation as SynapsePopulation
from ._retention import RetentionDrift as RetentionDrift
from ._spin_orbit import SpinOrbitSwitching as SpinOrbitSwitching
from ._superparamagnet import Superparamagnet as Superparamagnet
from ._switching import SwitchingProbability as SwitchingProbability
from ._switching_junction import SwitchingJunction as SwitchingJunction
from ._temperature import MagneticTemperature as MagneticTemperature
from ._update import SynapseUpdate as SynapseUpdate
from ._variation import (
    corners as corners,
    Deviation as Deviation,
    Variation as Variation,
)
from ._verilog_a import verilog_a as verilog_a
from ._write_error import (
    amplitude as amplitude,
    escape_rate as escape_rate,
    precessional_write_error as precessional_write_error,
    start_angle as start_angle,
    thermal_rate as thermal_rate,
    write_error as write_error,
)
