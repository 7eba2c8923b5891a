"""The pairs of the card, networks of them, and the closed-form best step."""

import functools
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PRNGKeyArray

from .... import compact
from ..._in_the_loop import JunctionPerceptron, Neurons
from ..._networks import mlp, Perceptron
from ..._neurons import SimulatedPairs
from ._curve import derivatives, fitted, SWING


def swing(card) -> float:
    """Voltage per unit of activation [V]: half the swing over six widths."""
    v = derivatives(fitted(card), jnp.asarray(SWING))[0]
    return float(v[-1] - v[0]) / 2


def errors(card) -> dict[str, float]:
    r"""What a pair gets wrong [V], [1]; 1/f noise is split where batches repeat.

    A spectrum $S = K / f$ has the variance $K \ln(f_2 / f_1)$ in a band: what is slower
    than a batch stands still in it like an offset, what is faster is noise.
    """
    k = card.number("pair.flicker", "V")
    nulled, batch, read = (
        card.number(f"pair.{name}", "Hz") for name in ("nulled", "batch", "read")
    )
    slow, fast = k**2 * math.log(batch / nulled), k**2 * math.log(read / batch)
    return {
        "offset": math.sqrt(card.number("pair.offset", "V") ** 2 + slow),
        "mismatch": card.number("pair.mismatch"),
        "noise": math.sqrt(card.number("pair.white", "V") ** 2 + fast),
        "resolution": card.number("pair.adc_range", "V") / 2 ** card.count("pair.adc_bits"),
    }


def difference_error(card, *, nulled: bool = False) -> np.ndarray:
    """Deviation of V2 - V1 from its mean law [V] over the swing, all errors together."""
    found, neuron = errors(card), fitted(card)
    v = np.asarray(derivatives(neuron, jnp.asarray(SWING))[0])
    variance = 2 * found["noise"] ** 2 + 2 * found["resolution"] ** 2 / 12
    offset = 0.0 if nulled else found["offset"]
    return np.sqrt(variance + offset**2 + (found["mismatch"] * v) ** 2)


@functools.cache
def predicted(card, *, nulled: bool = False) -> tuple[float, float]:
    """The closed forms of `pair`, forward and centred [A].

    They make the squares of e / dI and of the bias least in sum. The derivatives and the
    error of the difference e are root mean squares over the swing.
    """
    _, _, second, third = derivatives(fitted(card), jnp.asarray(SWING))
    rms = lambda x: float(np.sqrt(np.mean(np.square(x))))
    e = rms(difference_error(card, nulled=nulled))
    centred = (12 * math.sqrt(2) * e / rms(third)) ** (1 / 3)
    return math.sqrt(2 * e / rms(second)), centred


def pairs(card, neurons: int, *, key: PRNGKeyArray, **changes: Any) -> SimulatedPairs:
    """Pairs of the card with all their errors, at the predicted step."""
    settings = {
        "step": predicted(card)[0],
        "resistance": card.number("pair.resistance"),
        "shift": card.number("pair.shift", "A"),
        **errors(card),
    }
    return SimulatedPairs.draw(fitted(card), neurons, key=key, **(settings | changes))


IDEAL = dict.fromkeys(
    ("offset", "mismatch", "noise", "resolution", "resistance", "shift"), 0.0
)


def single(tree: Any) -> Any:
    """The same tree in float32: half the time."""
    cast = lambda x: x.astype(jnp.float32) if eqx.is_inexact_array(x) else x
    return jax.tree.map(cast, tree)


def network(
    card,
    sizes: tuple[int, ...],
    *,
    weights: PRNGKeyArray,
    chip: PRNGKeyArray,
    **changes: Any,
) -> JunctionPerceptron:
    """Drawn weights on a drawn chip."""
    keys = jr.split(chip, len(sizes) - 2)
    rows = [
        Neurons.simulated(pairs(card, n, key=k, **changes))
        for n, k in zip(sizes[1:-1], keys, strict=True)
    ]
    slope = float(derivatives(fitted(card), jnp.zeros(1))[1][0])
    gain = slope * float(fitted(card).width) / swing(card)
    made = started(card, mlp(sizes, key=weights), gain)
    return single(JunctionPerceptron(made, tuple(rows)))


def started(card, perceptron: Perceptron, gain: float) -> Perceptron:
    """The perceptron with first weights that keep the variance through neurons.

    `equinox` draws them with a deviation of 1 / sqrt(3 inputs).
    """
    scale = card.number("training.start") * math.sqrt(3) / gain
    hidden = lambda p: [layer.weight for layer in p.layers[:-1]]
    return eqx.tree_at(hidden, perceptron, [scale * w for w in hidden(perceptron)])


def linear(made: JunctionPerceptron) -> JunctionPerceptron:
    """The same chip with junctions without magnetoresistance: ohmic neurons."""

    def ohmic(row: Neurons) -> Neurons:
        if not isinstance(row.pairs, SimulatedPairs):
            raise ValueError(
                f"`made` must have simulated pairs, got {type(row.pairs).__name__}."
            )
        card = row.pairs.neuron
        flat = compact.Neuron(
            parallel=card.parallel,
            tmr=0.0 * card.tmr,
            half=card.half,
            centre=card.centre,
            width=card.width,
        )
        bare = eqx.tree_at(lambda p: p.neuron, row.pairs, flat)
        swing = 3 * card.width * card.parallel
        return Neurons(
            bare,
            centre=row.centre,
            width=row.width,
            zero=card.centre * card.parallel,
            swing=swing,
        )

    return single(eqx.tree_at(lambda n: n.neurons, made, tuple(map(ohmic, made.neurons))))


def tanh(card, sizes: tuple[int, ...], *, key: PRNGKeyArray) -> Perceptron:
    """The network with ideal hyperbolic tangents."""
    return single(started(card, mlp(sizes, key=key, activation=jnp.tanh), 1.0))
