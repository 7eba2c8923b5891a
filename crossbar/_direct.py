import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.linalg import cho_solve

from ._circuit import Answer, Circuit, Nodes
from ._ladders import answer, injected, Ladders, ladders


class Factors(eqx.Module):
    """What the recursion keeps.

    `series` are the matrices X of all rows but the last, shape `(m - 1, n, n)`;
    `admittance` is Y at the last row, and `last` the Cholesky factor of Y with the
    terminations at the bottom, shape `(n, n)`.
    """

    ladders: Ladders
    series: Array
    admittance: Array
    last: Array


class Direct(eqx.Module):
    r"""Block recursion over the word lines, in Norton form.

    From the top down, all that lies above the bit nodes of a row is a current $J$ and
    an admittance matrix $Y$. A row adds its own, and a segment $r$ of the bit lines
    makes them $Y - Y X$ and $J - X^\top J$ with $X = (1 + r Y)^{-1} r Y$, which is
    small where $r$ is, so that nothing cancels. Costs $m n^3$ once and $m n^2$ for each
    input, whatever the resistances.
    """

    tolerance: float = eqx.field(static=True)

    def factor(self, circuit: Circuit, inputs: int) -> Factors:
        """What many inputs share."""
        lines = ladders(circuit)
        g = circuit.conductance
        one = jnp.eye(g.shape[1], dtype=g.dtype)
        root = jnp.sqrt(circuit.bit_wire)[:, None]

        def step(y, row):
            y = y + row_admittance(*row)
            scaled = root * y
            factor = jnp.linalg.cholesky(one + scaled * root.T, symmetrize_input=False)
            x = root * cho_solve((factor, True), scaled)
            after = y - y @ x
            return (after + after.T) / 2, x

        rows = (g, circuit.word_wire, lines.left, lines.right)
        upper = jax.tree.map(lambda v: v[:-1], rows)
        y, series = lax.scan(step, jnp.diag(lines.top), upper)
        y = y + row_admittance(*(v[-1] for v in rows))
        last = jnp.linalg.cholesky(y + jnp.diag(lines.bottom))
        return Factors(lines, series, y, last)

    def solve(self, circuit: Circuit, factors: Factors, sources: Nodes) -> Answer:
        """The answer to a batch of sources."""
        lines = factors.ladders
        d = circuit.conductance.T[..., None]
        by_row = lambda field: jnp.swapaxes(field, 0, 1)
        into_word, into_bit = injected(circuit, lines, sources)
        current = d * lines.solve_word(into_word)
        inside = lambda field: jnp.transpose(field, (2, 1, 0))
        if sources.bit is not None:
            current = current + inside(sources.bit)
        if sources.cell is not None:
            current = current - inside(sources.cell)
        current = by_row(current)

        def down(j, row):
            x, i = row
            j = j + i
            return j - x.T @ j, j

        first = jnp.zeros(current.shape[1:], current.dtype)
        ground = first
        if sources.top is not None:
            first = (lines.top[None] * sources.top).T
        j, norton = lax.scan(down, first, (factors.series, current[:-1]))
        if sources.bottom is not None:
            ground = sources.bottom.T
        rise = cho_solve(
            (factors.last, True), j + current[-1] - factors.admittance @ ground
        )

        def up(v, row):
            x, j = row
            v = v + circuit.bit_wire[:, None] * j
            v = v - x @ v
            return v, v

        last = ground + rise
        _, upper = lax.scan(up, last, (factors.series, norton), reverse=True)
        bit = by_row(jnp.concatenate([upper, last[None]]))
        word = lines.solve_word(into_word + d * bit)
        nodes = answer(circuit, lines, sources, word, bit)
        bottom = -(lines.bottom[:, None] * rise).T
        nodes = eqx.tree_at(lambda n: n.bottom, nodes, bottom)

        norm = lambda v: jnp.sum(d * v**2, (0, 1))
        off = norm(lines.solve_bit(into_bit + d * word) - bit)
        scale = norm(word) + norm(bit)
        residual = jnp.sqrt(off / jnp.where(scale > 0, scale, 1))
        failed = jnp.any(jnp.isnan(bottom), 1)
        return Answer(nodes, residual, failed, jnp.asarray(True))


def row_admittance(shunt: Array, wire: Array, left: Array, right: Array) -> Array:
    """What the bit nodes see of a word line: their admittance matrix [S], shape `(n, n)`.

    Off the diagonal minus $d_j P_{jk} d_k$, where $P$ are the resistances of the line
    with all cells to 0 V; each row sums up to what flows to the terminations.
    """

    def look(begin, reverse):
        def step(c, d):
            return (c + d) / (1 + wire * (c + d)), c

        return lax.scan(step, begin, shunt, reverse=reverse)[1]

    before, after = look(left, False), look(right, True) + shunt
    spread = 1 / (before + after)
    decay = jnp.cumsum(jnp.log1p(wire * after).at[0].set(0))
    apart = jnp.exp(-jnp.abs(decay[:, None] - decay[None]))
    upper = jnp.triu(jnp.broadcast_to(spread[:, None], apart.shape))
    p = (upper + jnp.triu(upper, 1).T) * apart
    between = shunt[:, None] * p * shunt[None]
    between = between - jnp.diag(jnp.diag(between))
    away = left * spread[0] * jnp.exp(-decay) + right * spread * jnp.exp(decay - decay[-1])
    return jnp.diag(jnp.sum(between, 1) + shunt * away) - between
