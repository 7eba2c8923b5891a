import equinox as eqx
from jaxtyping import Array, Float

from ._pulses import Pulses
from ._statistics import _concrete, _field, _refuse, _skeleton, State


class Conductances(eqx.Module):
    """The conductance that every cycle of every device ended with.

    The dimensions are `device`, then the axes of `pulses`, then `cycle`; conductances are
    in siemens, read at small bias. Every cycle started from `start`. A cycle that was
    lost is NaN.

    - `conductance`: after each pulse [S].
    - `parallel`, `antiparallel`: conductance of the two ends of each device [S].
    """

    start: State = eqx.field(static=True)
    pulses: Pulses
    conductance: Float[Array, "device *pulses cycle"] = _field(
        "S", "conductance after the pulse of each cycle"
    )
    parallel: Float[Array, " device"] = _field("S", "conductance of the parallel state")
    antiparallel: Float[Array, " device"] = _field(
        "S", "conductance of the antiparallel state"
    )

    def __check_init__(self):
        values = _concrete(self)
        if values is None:
            return
        shape, ends = values["conductance"].shape, values["parallel"].shape
        wanted = (*ends, *self.pulses.shape)
        if shape[:-1] != wanted or values["antiparallel"].shape != ends:
            axes = ", ".join(("device", *self.pulses.axes, "cycle"))
            raise ValueError(
                f"`conductance` must have shape {wanted} before its last axis, with the "
                f"axes ({axes}), got {shape}."
            )
        for name, value in values.items():
            _refuse(value, value <= 0, name, "> 0 [S]")

    @classmethod
    def like(cls, start: State, axes: tuple[str, ...]) -> "Conductances":
        """A skeleton for `data.load`: the names and ranks, without values."""
        kinds = dict.fromkeys(("conductance", "parallel", "antiparallel"), float)
        return _skeleton(cls, start, axes, kinds)
