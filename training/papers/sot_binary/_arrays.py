"""Arrays of both topologies, and what wires do to their outputs."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float

from .... import crossbar


class Gated(crossbar.AbstractLaw):
    """Cells of a law that conduct on word lines whose transistors are on, and not else."""

    law: crossbar.AbstractLaw
    on: Float[Array, " m"]

    def current(self, conductance, drop):
        return self.on[:, None] * self.law.current(conductance, drop)


def states(lines: int, *, key) -> Float[Array, "n n"]:
    """Random bits of an array."""
    return jr.bernoulli(key, 0.5, (lines, lines)).astype(float)


def cells(card, resistance: float, bits: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """Conductance of cells with these bits, parallel resistance given [S]."""
    return (1 / resistance) * (bits + (1 - bits) / (1 + card.number("device.tmr")))


@eqx.filter_jit
def driven(conductance, wire, x, law=None):
    """Column currents for inputs as voltages on the rows, `(samples, n)` [A]."""
    array = crossbar.Crossbar.wired(conductance, wire)
    if law is None:
        return x @ crossbar.effective(array)
    one = lambda x: (
        crossbar.solve_nonlinear(array, law, x, method=crossbar.Method.iterative).currents
    )
    return jax.lax.map(one, x)


@eqx.filter_jit
def gated(conductance, wire, x, voltage, law=None):
    """Column currents for inputs on gates, rows at `voltage`, `(samples, n)` [A]."""
    rows = jnp.full(conductance.shape[0], voltage, conductance.dtype)

    def one(x):
        if law is None:
            array = crossbar.Crossbar.wired(conductance * x[:, None], wire)
            return crossbar.solve(array, rows, method=crossbar.Method.iterative).currents
        array = crossbar.Crossbar.wired(conductance, wire)
        return crossbar.solve_nonlinear(
            array, Gated(law, x), rows, method=crossbar.Method.iterative
        ).currents

    return jax.lax.map(one, x, batch_size=32)


PARTS = ("all", "common gain", "per column", "best linear map")


def split(outputs, ideal, x) -> dict[str, float]:
    """Error over the ideal outputs (root mean squares) after more and more correction.

    Corrections are fitted on three quarters of the inputs, errors taken on the rest:
    none; one gain; gain and offset of each column; the best linear map of the inputs,
    whose rest is the part that depends on the inputs. Wires make the current that
    arrives smaller, and what is left of it with it: each column's rest is divided by the
    gain of the column, so that all four are errors of outputs at their full size.
    """
    a, y, x = (np.asarray(v, float) for v in (outputs, ideal, x))
    cut = 3 * len(a) // 4
    rms = lambda e: float(np.sqrt(np.mean(e**2) / np.mean(y[cut:] ** 2)))
    found = {"all": rms(a[cut:] - y[cut:])}
    gain = np.sum(a[:cut] * y[:cut]) / np.sum(a[:cut] ** 2)
    found["common gain"] = rms(gain * a[cut:] - y[cut:])
    mean_a, mean_y = a[:cut].mean(axis=0), y[:cut].mean(axis=0)
    centred = a[:cut] - mean_a
    own = (centred * (y[:cut] - mean_y)).sum(axis=0) / (centred**2).sum(axis=0)
    found["per column"] = rms(own * (a[cut:] - mean_a) + mean_y - y[cut:])
    rows = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    matrix = np.linalg.lstsq(rows[:cut], a[:cut], rcond=None)[0]
    arrives = (a[:cut] * y[:cut]).sum(axis=0) / (y[:cut] ** 2).sum(axis=0)
    found["best linear map"] = rms((a[cut:] - rows[cut:] @ matrix) / arrives)
    return found


@functools.cache
def inputs(lines: int, samples: int, seed: int = 0) -> Float[Array, "samples n"]:
    """Random bits to put in."""
    return jr.bernoulli(jr.key(seed), 0.5, (samples, lines)).astype(float)


def case(card, session, topology: str, resistance, wire, lines, *, bias=False):
    """Outputs, ideal outputs and inputs of one array; `topology` is a key of `KINDS`."""
    x = inputs(lines, session.size("samples") * lines)
    g = cells(card, resistance, states(lines, key=session.key(1, lines)))
    volt, wire = card.number("array.read", "V"), jnp.asarray(wire, float)
    if topology == GATES:
        on = card.number("array.transistor", "S")
        g = g * on / (g + on)
    law = None
    if bias:
        law = crossbar.BiasDependence(
            parallel=jnp.max(g), half=card.number("device.half", "V")
        )
    if topology == GATES:
        return gated(g, wire, x, volt, law), volt * x @ g, x
    return driven(g, wire, volt * x, law), volt * x @ g, x


ROWS, GATES = "voltages on rows", "inputs on gates"
