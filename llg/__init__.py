from ..data import Pulses as Pulses, State as State
from . import presets as presets
from ._advice import step_advice as step_advice, StepAdvice as StepAdvice
from ._assemble import stiffest_field as stiffest_field
from ._attempt import escape_over as escape_over, EscapeRate as EscapeRate, Regime as Regime
from ._axial_device import fokker_planck as fokker_planck, FokkerPlanck as FokkerPlanck
from ._barrier import Barrier as Barrier, barrier as barrier, relax as relax
from ._closed_forms import (
    astroid as astroid,
    asymptotic_write_error_rate as asymptotic_write_error_rate,
    critical_angle as critical_angle,
    critical_current as critical_current,
    langevin as langevin,
    reduced_time as reduced_time,
    sot_threshold as sot_threshold,
    switching_time as switching_time,
)
from ._conductance import Conductance as Conductance
from ._controlled import (
    controlled_mean as controlled_mean,
    ControlledMean as ControlledMean,
)
from ._conventions import (
    Code as Code,
    Convention as Convention,
    from_code as from_code,
    Turns as Turns,
)
from ._demagnetisation import Demagnetisation as Demagnetisation
from ._deterministic import deterministic as deterministic
from ._driven import (
    SpinOrbitMacrospin as SpinOrbitMacrospin,
    VoltageControlledMacrospin as VoltageControlledMacrospin,
)
from ._drives import (
    AbstractDrive as AbstractDrive,
    Following as Following,
    Follows as Follows,
    SpinTorque as SpinTorque,
)
from ._dwell import dwell_times as dwell_times, DwellTimes as DwellTimes
from ._energy import pulse_energy as pulse_energy, PulseEnergy as PulseEnergy
from ._escape import (
    brown_rate as brown_rate,
    escape_rate as escape_rate,
    relaxation_rate as relaxation_rate,
)
from ._exchange import Exchange as Exchange
from ._fields import (
    in_field as in_field,
    InField as InField,
    Loop as Loop,
    loop as loop,
    switching_field as switching_field,
)
from ._flips import (
    Flips as Flips,
    flips as flips,
    nearest_pairs as nearest_pairs,
    settled as settled,
)
from ._fokker_planck import (
    axial_evolve as axial_evolve,
    axial_well as axial_well,
    AxialDensity as AxialDensity,
)
from ._granular import (
    GrainLayer as GrainLayer,
    GranularJunction as GranularJunction,
    SoftLayer as SoftLayer,
)
from ._granular_closure import (
    Closure as Closure,
    granular_closure as granular_closure,
    poisson_binomial as poisson_binomial,
)
from ._grid import TimeGrid as TimeGrid
from ._integrator import Integrator as Integrator
from ._interlayer import Biquadratic as Biquadratic, Dzyaloshinskii as Dzyaloshinskii
from ._junction import Circuit as Circuit, Junction as Junction, Source as Source
from ._kinetic import Histories as Histories, histories as histories
from ._local_terms import Uniaxial as Uniaxial, Zeeman as Zeeman
from ._macrospin import Macrospin as Macrospin
from ._measurement_figures import (
    plot_barrier as plot_barrier,
    plot_loop as plot_loop,
    plot_phase_diagram as plot_phase_diagram,
    window_figure as window_figure,
)
from ._microstates import (
    AbstractMicrostates as AbstractMicrostates,
    langer_attempts as langer_attempts,
    Microstates as Microstates,
    Ways as Ways,
)
from ._microstructure import (
    concatenated as concatenated,
    Microstructure as Microstructure,
    microstructures as microstructures,
    SoftCells as SoftCells,
)
from ._modes import modes as modes, nucleation_field as nucleation_field
from ._modes_needed import modes_for as modes_for
from ._newell import prism_tensor as prism_tensor
from ._observables import (
    AbstractObservable as AbstractObservable,
    Energy as Energy,
    Level as Level,
    Lost as Lost,
    Switched as Switched,
    SwitchingTime as SwitchingTime,
    Watch as Watch,
)
from ._pairwise import PairwiseMicrostates as PairwiseMicrostates
from ._pathwise import Pathwise as Pathwise
from ._pulse import Pulse as Pulse
from ._ramps import (
    failure_probability as failure_probability,
    ramped_switching as ramped_switching,
    sharrock as sharrock,
    SwitchingField as SwitchingField,
)
from ._rare import rare_errors as rare_errors, RareErrors as RareErrors
from ._retention import (
    Retention as Retention,
    retention as retention,
    TEN_YEARS as TEN_YEARS,
    written_signs as written_signs,
)
from ._score import Score as Score
from ._second_order import SecondUniaxial as SecondUniaxial
from ._sphere_device import (
    fokker_planck_sphere as fokker_planck_sphere,
    SphereFokkerPlanck as SphereFokkerPlanck,
)
from ._spin_orbit import HeavyMetal as HeavyMetal, slonczewski as slonczewski
from ._splitting import splitting_errors as splitting_errors
from ._stray_field import stray_field as stray_field
from ._sweep import sweep as sweep
from ._system import System as System
from ._temperature_law import (
    at_temperature as at_temperature,
    TemperatureLaw as TemperatureLaw,
)
from ._term import AbstractTerm as AbstractTerm
from ._thermometer import thermometer as thermometer
from ._thresholds import (
    growth_rate as growth_rate,
    instability_voltage as instability_voltage,
    reversal_voltage as reversal_voltage,
)
from ._trajectory import Trajectory as Trajectory, trajectory as trajectory
from ._validation import (
    Check as Check,
    overall as overall,
    reference_rows as reference_rows,
    validate as validate,
)
from ._waveform import (
    AbstractWaveform as AbstractWaveform,
    Rest as Rest,
    Sampled as Sampled,
    Train as Train,
)
from ._window import (
    Border as Border,
    feasible_window as feasible_window,
    FeasibleWindow as FeasibleWindow,
    Need as Need,
)
from ._write_error_rate import write_error_rate as write_error_rate
