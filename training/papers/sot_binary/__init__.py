"""S3: networks of one bit a weight on spin-orbit memory of high resistance."""

from .._paper import Paper, Step
from ._chips import chips
from ._crossover import crossover, plot_crossover, without_wires
from ._errors import noise, parts, plot_noise, plot_sweep, sweep
from ._networks import trained
from ._programming import programming
from ._topologies import topologies


PAPER = Paper(
    name="sot_binary",
    title="High-resistance SOT-MRAM for networks of one bit",
    reference="Carletti, Ambrosi, Mannocci, Farronato, Ielmini, IEEE TED (2025/26).",
    about="Published: array statistics of spin-orbit memory of high resistance-area "
    "product; quantisation-aware networks of one bit; uniformity gives accuracy, high "
    "resistance makes the input-dependent nonlinearity of IR drop negligible, programming "
    "is fast and cheap [P]. No number of it is public: all of the card stands in. "
    "Post hoc: the card was changed after a first full run, and before the steps that name "
    "a commit were run: inputs on gates came into step 7, with their bits, images and "
    "resistances, chips there are 20 and not 3, and step 1 searches; no number that had "
    "been used was changed.",
    minutes=(2.0, 47.0),
    steps=(
        Step(1, "Two topologies", topologies),
        Step(2, "Resistance, size, wire", sweep, plot_sweep),
        Step(3, "The error split", parts),
        Step(4, "Noise and the best resistance", noise, plot_noise),
        Step(5, "One-bit networks in software", trained, data=("mnist",)),
        Step(6, "Chips", chips, data=("mnist",)),
        Step(7, "Crossover and collapse", crossover, plot_crossover, ("mnist",)),
        Step(8, "Programming against program-and-verify", programming),
        Step(9, "Control: no wires", without_wires, data=("mnist",)),
    ),
)
