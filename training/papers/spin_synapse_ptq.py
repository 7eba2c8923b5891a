"""Spin synapses of 11 states and post-training quantisation: Hsin et al. (2025)."""

from . import _spin_synapse_figures as figures
from ._paper import Paper, Step
from ._spin_synapse_network import baseline, every_grid
from ._spin_synapse_noise import controls, noisy_chips
from ._spin_synapse_paired import paired
from ._spin_synapse_ranking import ranking
from ._spin_synapse_sites import sites_by_llg
from ._spin_synapse_states import eleven_states, macrospin_control


PAPER = Paper(
    name="spin_synapse_ptq",
    title="An 11-state spin synapse and post-training quantisation",
    reference="Hsin, Lin, Wang, Yang, Pai, Advanced Science 12 (2025) 2417735.",
    steps=(
        Step(1, "Sites under spin-orbit torque", sites_by_llg, figures.sites),
        Step(2, "One site is two states", macrospin_control),
        Step(3, "Eleven steps of current", eleven_states, figures.levels),
        Step(4, "Ranking, and the number of sites", ranking, figures.scaling),
        Step(5, "Float networks", baseline, data=("cifar-10",)),
        Step(6, "Every grid", every_grid, figures.observers, data=("cifar-10",)),
        Step(7, "Noise of the weights", noisy_chips, figures.noise, data=("cifar-10",)),
        Step(8, "Other levels, random rounding", controls, data=("cifar-10",)),
        Step(9, "Paired differences", paired, data=("cifar-10",)),
    ),
    about=(
        "Published [P]: three devices that spin-orbit torque switches without a field (by "
        "Neel orange-peel coupling, by interlayer DMI, by a tilted axis); the tilted one "
        "has 11 states and varies least from cycle to cycle, by 2 %; ResNet-18 on CIFAR-10 "
        "with weights on 11 levels by channel has 81.51 % (min-max) and 81.12 % (mean "
        "squared error), close to its baseline. The film, its pulses and two of the three "
        "extra terms are not known and stand in: independent nucleation sites, each a "
        "macrospin with a barrier of its own. Neither domain walls nor the coupling of "
        "sites is in the model. "
        "Post hoc: the card was last changed in its device half with the first results of "
        "the films, and after a first full run with one network: three networks, 10,000 "
        "images for the grids that are compared and 1,000 for the others, and states "
        "judged on cycles that did not choose them."
    ),
    minutes=(2.0, 150.0),
)
