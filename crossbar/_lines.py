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

    def sweep(self, current: Float[Array, "K L B"]) -> Float[Array, "K L B"]:
        """Norton current of the part of the line before and with each node [A]."""

        def step(flow, inputs):
            b, a = inputs
            flow = b + flow
            return flow * a[:, None], flow

        return lax.scan(
            step,
            jnp.zeros_like(current[0]),
            (current, self.attenuation),
            unroll=_unroll(current),
        )[1]

    def solve(self, current: Float[Array, "K L B"]) -> Float[Array, "K L B"]:
        """Node voltages [V] for the currents [A] put into the nodes."""
        norton = self.sweep(current)
        last = norton[-1] * self.end[:, None]

        def step(v, inputs):
            j, a, s = inputs
            v = v * a[:, None] + s[:, None] * j
            return v, v

        xs = (norton[:-1], self.attenuation[:-1], self.series[:-1])
        _, v = lax.scan(step, last, xs, reverse=True, unroll=_unroll(current))
        return jnp.concatenate([v, last[None]])


def _unroll(current) -> int:
    """Long ladders run a quarter faster two steps at a time; short ones compile sooner."""
    return 2 if current.shape[0] > 48 else 1


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
