"""Statistics with one row an event, and the record of trials in time."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Num

from ._statistics import _concrete, _field, _refuse, State


class SwitchingTimes(eqx.Module):
    """When each of a number of attempts switched, at a steady voltage, or that it did not.

    One row is one attempt that started from `start` at time zero. Where `switched` is 0
    the attempt was given up at `time` (the datum is censored). For breakdown data the
    event is the breakdown.
    """

    start: State = eqx.field(static=True)
    voltage: Float[Array, " event"] = _field(
        "V", "source voltage; positive to antiparallel"
    )
    time: Float[Array, " event"] = _field("s", "of the event, or of giving up")
    switched: Num[Array, " event"] = _field("1", "1 if the event happened, 0 if not")

    def __check_init__(self):
        values = _concrete(self)
        if values is None:
            return
        _same_length(values, "voltage")
        _refuse(values["time"], ~(values["time"] > 0), "time", "> 0 [s]")
        switched = values["switched"]
        _refuse(switched, (switched != 0) & (switched != 1), "switched", "0 or 1")

    @classmethod
    def like(cls, start: State, axes: tuple[str, ...] = ()) -> "SwitchingTimes":
        """A skeleton for `data.load`."""
        none = jnp.zeros(0)
        return cls(start, voltage=none, time=none, switched=jnp.zeros(0, int))


class Transitions(eqx.Module):
    """The level before and after each of a number of pulses, one row a pulse.

    Conductances in siemens; `parallel` and `antiparallel` are the ends of the device of
    the row. Every pulse drives away from `start`.
    """

    start: State = eqx.field(static=True)
    voltage: Float[Array, " event"] = _field(
        "V", "source voltage; positive to antiparallel"
    )
    width: Float[Array, " event"] = _field("s", "pulse width")
    before: Float[Array, " event"] = _field("S", "conductance before the pulse")
    after: Float[Array, " event"] = _field("S", "conductance after the pulse")
    parallel: Float[Array, " event"] = _field("S", "conductance of the parallel state")
    antiparallel: Float[Array, " event"] = _field(
        "S", "conductance of the antiparallel state"
    )

    def __check_init__(self):
        values = _concrete(self)
        if values is None:
            return
        _same_length(values, "voltage")
        for name in ("width", "before", "after", "parallel", "antiparallel"):
            _refuse(values[name], ~(values[name] > 0), name, "> 0")

    @classmethod
    def like(cls, start: State, axes: tuple[str, ...] = ()) -> "Transitions":
        """A skeleton for `data.load`."""
        names = "voltage", "width", "before", "after", "parallel", "antiparallel"
        return cls(start, **dict.fromkeys(names, jnp.zeros(0)))


class Trajectories(eqx.Module):
    """Trials in time: the magnetisation of every spin, and what a meter would see."""

    start: State = eqx.field(static=True)
    time: Float[Array, " time"] = _field("s", "from the start of the pulse")
    voltage: Float[Array, " time"] = _field("V", "of the source")
    m: Float[Array, "trial time spin 3"] = _field("1", "unit magnetisation")
    cosine: Float[Array, "trial time"] = _field("1", "with the reference layer, mean")
    conductance: Float[Array, "trial time"] = _field("S", "at zero bias")

    def __check_init__(self):
        values = _concrete(self)
        if values is None:
            return
        times, trials = len(values["time"]), values["m"].shape[0]
        shapes = {"voltage": (times,), "cosine": (trials, times)}
        for name, wanted in (shapes | {"conductance": (trials, times)}).items():
            if values[name].shape != wanted:
                raise ValueError(
                    f"`{name}` must have shape {wanted}, got {values[name].shape}."
                )

    @classmethod
    def of(cls, start: State, trials: Sequence[Any]) -> "Trajectories":
        """Those of several trials of one pulse, such as of `llg.trajectory`."""
        stack = lambda name: jnp.stack([jnp.asarray(getattr(t, name)) for t in trials])
        first = trials[0]
        return cls(
            start,
            time=jnp.asarray(first.time),
            voltage=jnp.asarray(first.voltage),
            **{name: stack(name) for name in ("m", "cosine", "conductance")},
        )

    @classmethod
    def like(cls, start: State, axes: tuple[str, ...] = ()) -> "Trajectories":
        """A skeleton for `data.load`."""
        one, two = jnp.zeros(0), jnp.zeros((0, 0))
        m = jnp.zeros((0, 0, 0, 3))
        return cls(start, time=one, voltage=one, m=m, cosine=two, conductance=two)


def _same_length(values: dict, name: str) -> None:
    length = len(values[name])
    for other, value in values.items():
        if value.shape != (length,):
            raise ValueError(
                f"`{other}` must have shape ({length},), as `{name}`, got {value.shape}."
            )
