import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import quantity


class LevelTable(eqx.Module):
    """The levels of a cell, lowest conductance first; each array has the shape `(count,)`.

    `cycle_std` is what each programming draws anew, `device_std` what each device keeps.
    """

    voltage: Float[Array, " count"] = quantity("V", doc="programming voltage")
    conductance: Float[Array, " count"] = quantity("S", lower=0, doc="mean conductance")
    cycle_std: Float[Array, " count"] = quantity(
        "S", lower=0, doc="cycle-to-cycle standard deviation"
    )
    device_std: Float[Array, " count"] = quantity(
        "S", lower=0, doc="device-to-device standard deviation"
    )


class TableCell(eqx.Module):
    """A cell that is a measured table of levels, in ascending conductance.

    Its `voltage` is only a name of the level where nothing was measured: 0, 1, 2, ...
    """

    conductance: Float[Array, " levels"] = quantity("S", lower=0, doc="mean conductance")
    cycle_std: Float[Array, " levels"] = quantity(
        "S", lower=0, doc="cycle-to-cycle standard deviation"
    )
    device_std: Float[Array, " levels"] = quantity(
        "S", lower=0, doc="device-to-device standard deviation"
    )

    def __check_init__(self):
        if not self.conductance.shape == self.cycle_std.shape == self.device_std.shape:
            raise ValueError(
                "`cycle_std` and `device_std` must have the shape of `conductance`, "
                f"{self.conductance.shape}, got {self.cycle_std.shape} and "
                f"{self.device_std.shape}."
            )

    def assign(self, count: int) -> Float[Array, " count"]:
        """`count` of the tabulated levels, evenly spread over their numbers."""
        size = self.conductance.shape[0]
        if not 2 <= count <= size:
            raise ValueError(f"`count` must be from 2 to {size} levels, got {count}.")
        return jnp.round(jnp.linspace(0, size - 1, count))

    def levels(self, voltages: Float[Array, " count"]) -> LevelTable:
        """The rows of the table that `assign` named."""
        rows = jnp.asarray(voltages).astype(int)
        return LevelTable(
            voltage=voltages,
            conductance=self.conductance[rows],
            cycle_std=self.cycle_std[rows],
            device_std=self.device_std[rows],
        )
