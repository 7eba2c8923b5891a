import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .. import crossbar


class ArrayLinear(eqx.Module):
    r"""A linear layer as a programmed chip computes it.

    The input is scaled by its largest magnitude and converted to word-line voltages
    $v \in [-V, V]$ (the converter makes the magnitude, a switch the sign), multiplied
    by the effective conductance of each row of tiles, converted to numbers tile by
    tile, summed, scaled and given its bias:

    $$y = \gamma \max|x| \sum_t \mathrm{ADC}(v_t G_t) / V + b$$

    - `conductance`: $G$, effective difference of each pair, wires included, one matrix
      for each row of tiles, shape `(tiles, rows, outputs)` [S].
    - `scale`: $\gamma$, weight per siemens of each output, shape `(outputs,)` [1/S].
    - `full_scale`: largest current of the output converter over $V$ [S].
    """

    conductance: Float[Array, "tiles rows outputs"]
    scale: Float[Array, " outputs"]
    full_scale: Float[Array, ""]
    bias: Float[Array, " outputs"] | None
    inputs: int = eqx.field(static=True)
    dac_bits: int | None = eqx.field(static=True)
    adc_bits: int | None = eqx.field(static=True)

    def __call__(
        self, x: Float[Array, " inputs"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, " outputs"]:
        tiles, rows, _ = self.conductance.shape
        largest = jax.lax.stop_gradient(jnp.max(jnp.abs(x)))
        largest = jnp.where(largest > 0, largest, 1)
        drive = x / largest
        if self.dac_bits is not None:
            drive = jnp.sign(x) * crossbar.DAC(self.dac_bits)(jnp.abs(drive))
        drive = jnp.pad(drive, (tiles * rows - self.inputs, 0)).reshape(tiles, rows)
        adc = crossbar.ADC(self.adc_bits, low=-self.full_scale, high=self.full_scale)
        current = jnp.einsum("tr,tro->to", drive, self.conductance)
        number = jnp.sum(adc(current), axis=0)
        y = number * self.scale * largest
        return y if self.bias is None else y + self.bias
