import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float


class Lines(eqx.Module):
    r"""Factors of many ladders at once: `L` lines of `K` nodes, each node with a shunt.

    The elimination runs from the first node to the last in admittance form,

    $$t_0 = d_0 + g_f, \quad t_k = d_k + a_{k-1} t_{k-1}, \quad a_k = 1 / (1 + r t_k),$$

    in which nothing is subtracted, so that small shunts keep their digits, and only the
    resistance $r$ of a segment appears, so that it may be zero.
    """

    attenuation: Float[Array, "K L"]
    """$a_k$ [1]; the last row is not used."""
    series: Float[Array, "K L"]
    """$r a_k$ [Ohm]."""
    end: Float[Array, " L"]
    """$1 / (t_{K-1} + g_l)$ [Ohm]."""
    admittance: Float[Array, " L"]
    """$t_{K-1}$: what the line looks like from its last node, without $g_l$ [S]."""

    def sweep(
        self,
        current: Float[Array, "n m b"],
        axis: int = 0,
        reverse: bool = False,
        scale: Float[Array, "K L"] | None = None,
    ) -> Float[Array, "K L b"]:
        """Norton current of the part of the line before and with each node [A].

        The nodes of a line lie along `axis` of `current`, from the first to the last
        or in `reverse`; `scale` multiplies `current` on the way.
        """

        def step(flow, inputs):
            place, a, s = inputs
            b = lax.dynamic_index_in_dim(current, place, axis, keepdims=False)
            flow = (b if s is None else s[:, None] * b) + flow
            return flow * a[:, None], flow

        place = _places(self.attenuation.shape[0], reverse)
        zero = jnp.zeros_like(lax.index_in_dim(current, 0, axis, keepdims=False))
        xs = (place, self.attenuation, scale)
        return lax.scan(step, zero, xs, unroll=_unroll(place))[1]

    def solve(
        self,
        current: Float[Array, "n m b"],
        axis: int = 0,
        reverse: bool = False,
        scale: Float[Array, "K L"] | None = None,
    ) -> Float[Array, "n m b"]:
        """Node voltages [V] for the currents [A] put into the nodes; see `sweep`."""
        norton = self.sweep(current, axis, reverse, scale)

        def step(state, inputs):
            v, field = state
            place, j, a, s = inputs
            v = v * a[:, None] + s[:, None] * j
            return (v, lax.dynamic_update_index_in_dim(field, v, place, axis)), None

        place = _places(self.attenuation.shape[0], reverse)
        zero = jnp.zeros_like(norton[0]), jnp.zeros_like(current)
        # the last node sees its own Norton equivalent and nothing beyond
        a = self.attenuation.at[-1].set(0)
        s = self.series.at[-1].set(self.end)
        xs = (place, norton, a, s)
        state, _ = lax.scan(step, zero, xs, reverse=True, unroll=_unroll(place))
        return state[1]


def _places(count: int, reverse: bool):
    places = jnp.arange(count)
    return places[::-1] if reverse else places


def _unroll(places) -> int:
    """Long ladders run faster two steps at a time; short ones compile sooner."""
    return 2 if places.shape[0] > 48 else 1


def lines(
    shunt: Float[Array, "K L"],
    wire: Float[Array, " L"],
    first: Float[Array, " L"],
    last: Float[Array, " L"],
) -> Lines:
    """Factors the ladders.

    **Arguments:**

    - `shunt`: Conductance from each node to where the cells lead, shape `(K, L)` [S].
    - `wire`: Resistance of one segment, shape `(L,)` [Ohm].
    - `first`, `last`: Conductance of the terminations, shape `(L,)` [S].
    """

    def step(t, d):
        t = d + t / (1 + wire * t)
        return t, t

    t0 = shunt[0] + first
    _, t = lax.scan(step, t0, shunt[1:])
    t = jnp.concatenate([t0[None], t])
    a = 1 / (1 + wire[None] * t)
    return Lines(a, wire[None] * a, 1 / (t[-1] + last), t[-1])
