import enum
from typing import Any

import equinox as eqx
import jax
import jax.core as jax_core
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Num

from ._pulses import Pulses


class State(enum.Enum):
    """Which way the free layer points, relative to the reference layer."""

    PARALLEL = "parallel"
    ANTIPARALLEL = "antiparallel"


def _field(unit: str, doc: str) -> Any:
    """An array with the unit and text that `quantity` would give it."""
    return eqx.field(metadata={"unit": unit, "doc": doc})


class Switching(eqx.Module):
    """How many of a number of write attempts switched the junction.

    The dimensions are `device` (grain draws or measured junctions), then the axes of
    `pulses`. Every attempt started from `start`. A point that was not measured has zero
    trials. Concrete values are checked: `switched` is between 0 and `trials`.
    """

    start: State = eqx.field(static=True)
    pulses: Pulses
    trials: Num[Array, "device *pulses"] = _field("1", "number of write attempts")
    switched: Num[Array, "device *pulses"] = _field("1", "attempts that switched")

    def __check_init__(self):
        values = _concrete(self)
        if values is None:
            return
        _check_shapes(self, values, {"trials": (), "switched": ()})
        trials, switched = values["trials"], values["switched"]
        _refuse(trials, ~(trials >= 0), "trials", ">= 0")
        _refuse(switched, ~(switched >= 0), "switched", ">= 0")
        _refuse(switched, switched > trials, "switched", "<= `trials`", trials)

    @classmethod
    def like(cls, start: State, axes: tuple[str, ...]) -> "Switching":
        """A skeleton for `data.load`: the names and ranks, without values."""
        return _skeleton(cls, start, axes, {"trials": int, "switched": int})


class Levels(eqx.Module):
    """Moments and histogram of the conductance that a pulse leaves behind.

    The dimensions are `device` (grain draws or measured junctions), then the axes of
    `pulses`; mean and variance are over `trials` cycles of one device. Conductances in
    siemens, read at small bias. Every cycle started from `start`.

    - `mean`, `variance`: sample mean [S] and unbiased sample variance [S^2]. They mean
      nothing, and may be NaN, at fewer than one and two trials.
    - `histogram`: counts between `edges`, shape `(device, *pulses, bins)`.
    - `edges`: increasing, shape `(bins + 1,)`, as level
      `(G - antiparallel) / (parallel - antiparallel)`.
    - `parallel`, `antiparallel`: conductance of the two ends of each device [S].
    """

    start: State = eqx.field(static=True)
    pulses: Pulses
    trials: Num[Array, "device *pulses"] = _field("1", "number of cycles")
    mean: Float[Array, "device *pulses"] = _field("S", "mean conductance over the cycles")
    variance: Float[Array, "device *pulses"] = _field(
        "S^2", "unbiased variance of the conductance over the cycles"
    )
    histogram: Num[Array, "device *pulses bins"] = _field("1", "cycles in each bin")
    edges: Float[Array, " edges"] = _field(
        "1", "edges of the bins; 0 is antiparallel, 1 is parallel"
    )
    parallel: Float[Array, " device"] = _field("S", "conductance of the parallel state")
    antiparallel: Float[Array, " device"] = _field(
        "S", "conductance of the antiparallel state"
    )

    def __check_init__(self):
        values = _concrete(self)
        if values is None:
            return
        bins = max(len(values["edges"]) - 1, 0)
        full = dict.fromkeys(("trials", "mean", "variance"), ()) | {"histogram": (bins,)}
        _check_shapes(self, values, full)
        trials = values["trials"]
        _refuse(trials, ~(trials >= 0), "trials", ">= 0")
        for name, least in (("mean", 1), ("variance", 2)):
            value = values[name]
            _refuse(value, (trials >= least) & ~np.isfinite(value), name, "finite")
        variance, counts = values["variance"], values["histogram"]
        _refuse(variance, variance < 0, "variance", ">= 0")
        _refuse(counts, ~(counts >= 0), "histogram", ">= 0")
        total = counts.sum(-1)
        _refuse(total, total > trials, "histogram", "a count of at most `trials`", trials)
        edges = values["edges"]
        _refuse(edges[1:], ~(np.diff(edges) > 0), "edges", "increasing")
        for name in ("parallel", "antiparallel"):
            _refuse(values[name], ~(values[name] > 0), name, "> 0 [S]")

    @classmethod
    def like(cls, start: State, axes: tuple[str, ...]) -> "Levels":
        """A skeleton for `data.load`: the names and ranks, without values."""
        kinds = dict(trials=int, mean=float, variance=float, histogram=int, edges=float)
        return _skeleton(cls, start, axes, kinds | dict(parallel=float, antiparallel=float))


class PulseEnergies(eqx.Module):
    """Moments of the energy that a source gives in a pulse.

    The dimensions are `device`, then the axes of `pulses`; mean and unbiased variance are
    over `trials` cycles of one device, each from `start`.
    """

    start: State = eqx.field(static=True)
    pulses: Pulses
    trials: Num[Array, "device *pulses"] = _field("1", "number of cycles")
    mean: Float[Array, "device *pulses"] = _field("J", "mean energy of a pulse")
    variance: Float[Array, "device *pulses"] = _field("J^2", "its unbiased variance")

    def __check_init__(self):
        values = _concrete(self)
        if values is None:
            return
        _check_shapes(self, values, dict.fromkeys(("trials", "mean", "variance"), ()))
        trials, variance = values["trials"], values["variance"]
        _refuse(trials, ~(trials >= 0), "trials", ">= 0")
        _refuse(variance, (variance < 0) & (trials >= 2), "variance", ">= 0 [J^2]")

    @classmethod
    def like(cls, start: State, axes: tuple[str, ...]) -> "PulseEnergies":
        """A skeleton for `data.load`: the names and ranks, without values."""
        return _skeleton(cls, start, axes, dict(trials=int, mean=float, variance=float))


def _concrete(statistics: Any) -> dict[str, np.ndarray] | None:
    """The arrays of the statistics; `None` under a transformation, or in a skeleton."""
    leaves = jax.tree.leaves(statistics)
    if any(
        isinstance(x, jax_core.Tracer) or not isinstance(x, (jax.Array, np.ndarray))
        for x in leaves
    ):
        return None
    return {
        k: np.asarray(v)
        for k, v in vars(statistics).items()
        if k not in ("start", "pulses")
    }


def _check_shapes(statistics, values, trailing) -> None:
    pulses, device = statistics.pulses, values["trials"].shape[:1]
    for name, value in values.items():
        if name == "edges":
            wanted = (len(value),)
        else:
            wanted = device + (pulses.shape + trailing[name] if name in trailing else ())
        if value.shape != wanted:
            axes = ", ".join(("device", *pulses.axes))
            raise ValueError(
                f"`{name}` must have shape {wanted} with the axes ({axes}), "
                f"got {value.shape}."
            )


def _refuse(value, wrong, name, must, other=None) -> None:
    if np.any(wrong):
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        against = "" if other is None else f" > {other[at]}"
        raise ValueError(f"`{name}` must be {must}, got {value[at]}{against} at {at}.")


def _skeleton(cls, start, axes, kinds) -> Any:
    names = ("voltage", "width", "rise", "fall")
    if set(axes) - set(names):
        raise ValueError(f"`axes` must be quantities of a pulse, got {axes}.")
    pulses = Pulses(tuple(axes), **{k: jnp.ones((0,) * (k in axes)) for k in names})
    ranks = {"edges": 1, "parallel": 1, "antiparallel": 1, "histogram": 2 + len(axes)}
    ranks["conductance"] = 2 + len(axes)
    arrays = {k: jnp.zeros((0,) * ranks.get(k, 1 + len(axes)), v) for k, v in kinds.items()}
    return cls(start=start, pulses=pulses, **arrays)
