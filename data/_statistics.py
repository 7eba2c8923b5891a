import enum

import equinox as eqx
from jaxtyping import Array, Float, Num

from ._pulses import Pulses


class State(enum.Enum):
    """Which way the free layer points, relative to the reference layer."""

    PARALLEL = "parallel"
    ANTIPARALLEL = "antiparallel"


class Switching(eqx.Module):
    """How many of a number of write attempts switched the junction.

    The dimensions are `device` (grain draws or measured junctions), then the axes of
    `pulses`. Every attempt started from `start`.
    """

    start: State = eqx.field(static=True)
    pulses: Pulses
    trials: Num[Array, "device *pulses"]
    switched: Num[Array, "device *pulses"]


class Levels(eqx.Module):
    """Moments and histogram of the conductance that a pulse leaves behind.

    The dimensions are `device` (grain draws or measured junctions), then the axes of
    `pulses`; mean and variance are over `trials` cycles of one device. Conductances in
    siemens, read at small bias. Every cycle started from `start`.

    - `mean`, `variance`: sample mean [S] and unbiased sample variance [S^2].
    - `histogram`: counts between `edges`, shape `(device, *pulses, bins)`.
    - `edges`: increasing, shape `(bins + 1,)`, as level
      `(G - antiparallel) / (parallel - antiparallel)`.
    - `parallel`, `antiparallel`: conductance of the two ends of each device [S].
    """

    start: State = eqx.field(static=True)
    pulses: Pulses
    trials: Num[Array, "device *pulses"]
    mean: Float[Array, "device *pulses"]
    variance: Float[Array, "device *pulses"]
    histogram: Num[Array, "device *pulses bins"]
    edges: Float[Array, " edges"]
    parallel: Float[Array, " device"]
    antiparallel: Float[Array, " device"]
