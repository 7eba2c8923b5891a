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
    - `input_range`: takes the place of $\max|x|$ for all samples, if it is set; larger
      inputs are cut off.
    """

    conductance: Float[Array, "tiles rows outputs"]
    scale: Float[Array, " outputs"]
    full_scale: Float[Array, ""]
    bias: Float[Array, " outputs"] | None
    inputs: int = eqx.field(static=True)
    dac_bits: int | None = eqx.field(static=True)
    adc_bits: int | None = eqx.field(static=True)
    input_range: Float[Array, ""] | None = None

    def __call__(
        self, x: Float[Array, " inputs"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, " outputs"]:
        adc = crossbar.ADC(self.adc_bits, low=-self.full_scale, high=self.full_scale)
        number = jnp.sum(adc(self.currents(x)), axis=0)
        y = number * self.scale * self._range(x)
        return y if self.bias is None else y + self.bias

    def currents(self, x: Float[Array, " inputs"]) -> Float[Array, "tiles outputs"]:
        """What enters the output converters, over the voltage of the largest input [S]."""
        tiles, rows, _ = self.conductance.shape
        drive = x / self._range(x)
        if self.input_range is not None:
            drive = jnp.clip(drive, -1, 1)
        if self.dac_bits is not None:
            drive = jnp.sign(x) * crossbar.DAC(self.dac_bits)(jnp.abs(drive))
        drive = jnp.pad(drive, (tiles * rows - self.inputs, 0)).reshape(tiles, rows)
        return jnp.einsum("tr,tro->to", drive, self.conductance)

    def _range(self, x) -> Float[Array, ""]:
        """The input that is given the largest voltage."""
        if self.input_range is not None:
            return self.input_range
        largest = jax.lax.stop_gradient(jnp.max(jnp.abs(x)))
        return jnp.where(largest > 0, largest, 1)
