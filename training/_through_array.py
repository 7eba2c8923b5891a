from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from .. import crossbar
from ._ir_drop import Wires
from ._on_array import on_array


class ThroughArray(eqx.Module):
    """A forward pass on a chip that is programmed for it: `forward` of `train`.

    Called with a network, a batch and a key it returns the logits of the chip that the
    key draws. The arguments are those of `on_array`.
    """

    cell: Any
    spec: crossbar.Spec
    table: Any = None
    wires: Wires = eqx.field(static=True, default=Wires.EXACT)

    def __call__(
        self, network: Any, x: Float[Array, "samples ..."], key: PRNGKeyArray
    ) -> Float[Array, "samples classes"]:
        chip = on_array(
            network, self.cell, self.spec, key=key, table=self.table, wires=self.wires
        )
        return jax.vmap(chip, axis_name="batch")(x)
