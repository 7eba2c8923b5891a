"""S1: multi-bit synapses of a granular free layer."""

from .._paper import Paper, Step
from ._controls import controls, plot_controls
from ._held import plot_retention, retention
from ._programmed import levels_of_cells, plot_cells
from ._spreads import plot_levels
from ._sweeps import levels
from ._tile_cost import cost_of_cells, plot_cost
from ._variation import plot_variation, variation
from ._window import plot_window, window


PAPER = Paper(
    name="granular_synapse",
    title="Multi-bit synapses of a granular free layer",
    reference="Gupte, Mugdho, Huang, Wang, npj Unconventional Computing 2026, "
    "10.1038/s44335-026-00055-7.",
    about="Published: a standard free layer that is exchange-coupled to a granular layer "
    "has many nearly continuous levels, by the spread of the grains' barriers; simulated, "
    "up to 3.2 times the hardware efficiency of 2-bit over 1-bit MRAM at maintained "
    "accuracy [P]. By a third party: grain by grain by spin-transfer torque, ends least "
    "variable, intermediate variability symmetric, 4 levels at 50 nm, area 1.8 times, "
    "latency 1.75 times; ResNet-18 on CIFAR-10 at 6 % variation above 80 % with MRAM and "
    "below 20 % with ReRAM [T]. No material value, pulse, spread, resistance, tile, "
    "converter or definition of the variation is known: the junction is the stand-in "
    "llg.presets.granular_memory(), with every number in the card. Post hoc: it is the "
    "third; granular_junction() kept nothing in step 1, and another, chosen by levels "
    "under the pulse, turned no grain in step 4. This one was chosen by grains that turn "
    "and stay turned, by reading, and by keeping of uniform states alone. Since then "
    "levels are looked at a nanosecond after their pulse.",
    minutes=(3.0, 30.0),
    steps=(
        Step(1, "Card and window", window, plot_window),
        Step(2, "Levels by side, pulse and start", levels, plot_levels),
        Step(3, "How many levels", levels_of_cells, plot_cells),
        Step(4, "Retention of levels", retention, plot_retention),
        Step(5, "Controls", controls, plot_controls),
        Step(6, "ResNet-18 under variation", variation, plot_variation, data=("cifar-10",)),
        Step(7, "Cost of 1 and 2 bits", cost_of_cells, plot_cost, data=("cifar-10",)),
    ),
)
