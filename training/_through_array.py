import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .. import crossbar
from ._ir_drop import Wires
from ._on_array import on_array


class ThroughArray(eqx.Module):
    """A forward pass on a chip that is programmed for it: `forward` of `train`.

    Called with a network, a batch and a key it returns the logits of the chip that the
    key draws. The arguments are those of `on_array`, and

    - `ramp`: the part of a training, from its begin, over which the spread of the cells
      grows from none to what it is; 0 for all of it from the first step.
    """

    cell: Any
    spec: crossbar.Spec
    table: Any = None
    wires: Wires = eqx.field(static=True, default=Wires.EXACT)
    ramp: float = eqx.field(static=True, default=0.0)
    digital: tuple[int, ...] = eqx.field(static=True, default=())

    def __call__(
        self, network: Any, x: Float[Array, "samples ..."], key: PRNGKeyArray
    ) -> Float[Array, "samples classes"]:
        chip = on_array(
            network,
            self.cell,
            self.spec,
            key=key,
            table=self.table,
            wires=self.wires,
            digital=self.digital,
        )
        return jax.vmap(chip, axis_name="batch")(x)

    def at(self, share: Float[Array, ""]) -> "ThroughArray":
        """The forward pass after the part `share` of the training, from 0 to 1."""
        if self.ramp == 0:
            return self
        return dataclasses.replace(self, cell=Spread(self.cell, share / self.ramp))


class Spread(eqx.Module):
    """A cell whose levels spread `factor` times as much, at most as much as they do."""

    cell: Any
    factor: Float[Array, ""]

    def assign(self, count: int) -> Float[Array, " count"]:
        """The voltages of the cell itself."""
        return self.cell.assign(count)

    def levels(self, voltages: Float[Array, " count"]) -> Any:
        """The levels of the cell, with less spread."""
        table = self.cell.levels(voltages)
        factor = jnp.minimum(self.factor, 1).astype(table.cycle_std.dtype)
        return dataclasses.replace(
            table,
            cycle_std=factor * table.cycle_std,
            device_std=factor * table.device_std,
        )
