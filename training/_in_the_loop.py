import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from ..data import quantity, Scalar
from ._networks import Perceptron
from ._neurons import AbstractPairs, measured, SimulatedPairs, Slope


class Neurons(eqx.Module):
    r"""Activations of a layer as its junctions compute them.

    A number $x$ becomes the current $I_0 + w x$, and the voltage the activation
    $(V - V_0) / s$.
    """

    pairs: AbstractPairs
    centre: Scalar = quantity("A", doc="current of the input 0")
    width: Scalar = quantity("A", above=0, doc="current per unit of input")
    zero: Scalar = quantity("V", doc="voltage of the activation 0")
    swing: Scalar = quantity("V", above=0, doc="voltage per unit of activation")

    @classmethod
    def simulated(cls, pairs: SimulatedPairs) -> "Neurons":
        """Inputs in widths of the card's transition; about -1 to 1 over six of them."""
        card = pairs.neuron
        low, zero, high = _voltages(card, jnp.array([-3.0, 0.0, 3.0]))
        return cls(
            pairs,
            centre=card.centre,
            width=card.width,
            zero=zero,
            swing=(high - low) / 2,
        )

    def __call__(
        self, x: Float[Array, " neurons"], slope: Slope, key: PRNGKeyArray
    ) -> Float[Array, " neurons"]:
        """Activations of one sample, with the derivative that `slope` says."""
        held = jax.lax.stop_gradient(self)
        centre, width, zero, swing = (
            v.astype(x.dtype) for v in (held.centre, held.width, held.zero, held.swing)
        )
        current = centre + width * x
        match slope:
            case Slope.FINITE_DIFFERENCE:
                voltage = measured(current, held.pairs, key)
            case Slope.EXACT:
                if not isinstance(held.pairs, SimulatedPairs):
                    raise ValueError("`slope` must not be EXACT: the pairs have no card.")
                voltage = held.pairs.voltage(current).astype(x.dtype)
                noise = held.pairs.read(jax.lax.stop_gradient(current), key)[0] - voltage
                voltage = voltage + jax.lax.stop_gradient(noise)
            case _:
                voltage = held.pairs.read(jax.lax.stop_gradient(current), key)[0]
        y = (voltage - zero) / swing
        if slope is Slope.CONSTANT:
            y = y + (x - jax.lax.stop_gradient(x)) / 3
        return y


@eqx.filter_jit
def _voltages(card, x):
    return card.voltage(card.centre + card.width * x)


class JunctionPerceptron(eqx.Module):
    """A perceptron whose hidden activations are neurons of junction pairs."""

    perceptron: Perceptron
    neurons: tuple[Neurons, ...]

    def __call__(
        self,
        x: Float[Array, " inputs"],
        *,
        key: PRNGKeyArray,
        slope: Slope = Slope.FINITE_DIFFERENCE,
    ) -> Float[Array, " outputs"]:
        layers = self.perceptron.layers
        keys = jr.split(key, len(self.neurons))
        for layer, neurons, k in zip(layers[:-1], self.neurons, keys, strict=True):
            x = neurons(layer(x), slope, k)
        return layers[-1](x)


class DeviceInLoop(eqx.Module):
    """A forward pass through devices, fresh noise for each sample: `forward` of `train`."""

    slope: Slope = eqx.field(static=True, default=Slope.FINITE_DIFFERENCE)

    def __call__(
        self, network: JunctionPerceptron, x: Float[Array, "samples ..."], key: PRNGKeyArray
    ) -> Float[Array, "samples classes"]:
        one = lambda sample, key: network(sample, key=key, slope=self.slope)
        return jax.vmap(one, axis_name="batch")(x, jr.split(key, x.shape[0]))
