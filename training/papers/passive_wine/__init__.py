"""S4: binary networks for Wine on passive arrays of tunnel junctions."""

from .._paper import Paper, Step
from ._accuracy import plot_table, table, verdict
from ._device import sizes
from ._inference import inference, tuning
from ._metric import metrics
from ._removed import removed, shuffled
from ._solutions import solutions
from ._writing import plot_writes, writes


PAPER = Paper(
    name="passive_wine",
    title="Binary networks for Wine on a passive 15 x 15 array",
    reference="Goodwill et al., Phys. Rev. Applied 18 (2022), arXiv:2112.09159.",
    about="Published: two-layer perceptrons on Wine, a range of device sizes, 300 weight "
    "matrices scored for accuracy and write fidelity; losses from device variation, write "
    "errors, parasitic resistance and substrate; 95.3 % with tuning [P], which a digest "
    "calls the median [T]; two junctions a weight, trained off-line [T]. No device "
    "parameter is known: the card is a stand-in. Post hoc: after "
    "a first full run, with the same accuracies, the units of the intervals were changed "
    "from solutions and arrays to splits and arrays, and lines that float were given their "
    "leak; of the card only words were changed.",
    minutes=(1.5, 9.0),
    steps=(
        Step(1, "300 solutions, trained before arrays", solutions),
        Step(2, "Three diameters", sizes),
        Step(3, "Writes by V/2", writes, plot_writes),
        Step(4, "Inference on the arrays", inference),
        Step(5, "Tuning on training rows", tuning),
        Step(6, "Medians, quartiles and drops", table, plot_table),
        Step(7, "One non-ideality removed at a time", removed),
        Step(8, "A metric without test labels", metrics),
        Step(9, "The same errors at shuffled places", shuffled),
        Step(10, "The published median", verdict),
    ),
)
