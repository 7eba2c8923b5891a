import equinox as eqx
import jax.numpy as jnp
from jax import Array, lax

from ._circuit import Answer, Circuit, Nodes
from ._direct import Direct, Factors
from ._iterative import chunk_size, Iterative
from ._ladders import ladders


class Auto(eqx.Module):
    """Whichever method is expected to be faster for this size, batch and resistance.

    One input is solved iteratively. For more, the time of both is estimated; where the
    wires decide, both are compiled and one is run.
    """

    iterative: Iterative = eqx.field(static=True)
    direct: Direct = eqx.field(static=True)

    def factor(self, circuit: Circuit, inputs: int) -> "Chosen":
        """What many inputs share."""
        limit = most_steps(circuit, inputs)
        if inputs > 1 and limit < 2:
            return Chosen(jnp.zeros(0, bool), self.direct.factor(circuit, inputs))
        sized = inputs == 1 or limit > 60
        stiff = jnp.zeros(0, bool) if sized else expected_steps(circuit) > limit
        return Chosen(stiff, _empty(circuit))

    def solve(self, circuit: Circuit, factors: "Chosen", sources: Nodes) -> Answer:
        """The answer to a batch of sources."""
        chosen = factors.factors
        if chosen.last.size:
            return self.direct.solve(circuit, chosen, sources)
        if factors.stiff.size == 0:
            return self.iterative.solve(circuit, chosen.ladders, sources)

        def direct(_):
            made = self.direct.factor(circuit, sources.batch)
            return jnp.asarray(False), self.direct.solve(circuit, made, sources)

        # Where the network is stiff, the iteration takes no step and this loop one; a
        # conditional would copy the fields, and hide from the compiler which ends are open.
        limit = jnp.where(factors.stiff, 0, self.iterative.limit)
        found = self.iterative.solve(circuit, chosen.ladders, sources, limit)
        return lax.while_loop(lambda s: s[0], direct, (factors.stiff, found))[1]


class Chosen(eqx.Module):
    """Factors of the method that was chosen.

    `stiff` says at run time which; it is empty where the sizes alone decided. The
    factors of the direct method are empty unless the sizes alone decided for it: to
    hand them out of a choice at run time costs more than to make them again.
    """

    stiff: Array
    factors: Factors


def expected_steps(circuit: Circuit) -> Array:
    r"""Steps the iteration is expected to take: about $2 + 1.7 \sqrt{r n^2 / R}$."""
    m, n = circuit.conductance.shape
    word = jnp.max(circuit.word_wire) * n**2
    bit = jnp.max(circuit.bit_wire) * m**2
    return 2 + 1.7 * jnp.sqrt(jnp.maximum(word, bit) * jnp.max(circuit.conductance))


def most_steps(circuit: Circuit, inputs: int) -> float:
    """Steps above which the iteration would take longer than the recursion.

    From times of a step of a ladder, of one of its nodes, of a row and of a
    multiplication [s], measured in float64 on one core; only their ratios matter.
    """
    m, n = circuit.conductance.shape
    chunks = -(-inputs // chunk_size(circuit))
    solve = 1.5e-7 * 2 * (m + n) * chunks + 2e-9 * m * n * inputs
    recursion = m * (3e-5 + 7e-10 * n**3 + 1e-10 * n**2 * inputs)
    return (recursion / solve - 3) / 2


def _empty(circuit: Circuit) -> Factors:
    """Factors of the iterative method alone."""
    zero = lambda *shape: jnp.zeros(shape, circuit.conductance.dtype)
    return Factors(ladders(circuit), zero(0, 0, 0), zero(0, 0), zero(0, 0))
