"""Laws of resistive networks, for any array that hypothesis thinks of."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

import mtjax.crossbar as crossbar

from .dense import at_bottom, nodal


M, N = 4, 3
settings.register_profile("laws", max_examples=25, deadline=None, derandomize=True)
settings.load_profile("laws")
conductances = arrays(float, (M, N), elements=st.floats(1e-6, 1e-2))
resistances = st.floats(0.0, 1e3)
lines = lambda count: arrays(float, count, elements=st.floats(0.1, 1e3))
volts = lambda count: arrays(float, count, elements=st.floats(-1.0, 1.0))
solve = jax.jit(lambda a, v: crossbar.solve(a, v, method=crossbar.Method.direct))
effective = jax.jit(lambda a: crossbar.effective(a, method=crossbar.Method.direct))


def built(g, word, bit, left, bottom):
    return crossbar.Crossbar(
        conductance=g, word_wire=word, bit_wire=bit, left=left, bottom=bottom
    )


any_array = st.builds(built, conductances, resistances, resistances, lines(M), lines(N))


ends = lambda count: arrays(float, count, elements=st.floats(0.1, 1e3) | st.just(np.inf))
wires = st.floats(1e-2, 1e2)
driven = st.builds(
    crossbar.Crossbar,
    conductance=conductances,
    word_wire=arrays(float, M, elements=wires),
    bit_wire=arrays(float, N, elements=wires),
    left=ends(M),
    right=ends(M),
    top=ends(N),
    bottom=lines(N),
)
held = lambda **volts: crossbar.Sides(**{k: jnp.asarray(v) for k, v in volts.items()})
drives = st.builds(held, left=volts(M), right=volts(M), top=volts(N), bottom=volts(N))


@given(driven, drives)
def test_all_four_sides_against_a_dense_matrix(array, sides):
    """Both ends of each line driven or open, each segment its own resistance."""
    found = solve(array, sides)
    matrix, into = nodal(array, sides)
    voltages = np.linalg.solve(matrix, into)
    word, bit = voltages.reshape(2, M, N)
    size = 1e-9 * max(np.max(np.abs(voltages)), 1e-3)
    assert np.allclose(found.word, word, rtol=0, atol=size)
    assert np.allclose(found.bit, bit, rtol=0, atol=size)
    wanted = at_bottom(array, voltages, sides.bottom)
    largest = np.sum(array.conductance) + np.max(1 / array.bottom) * 1e-6
    assert np.allclose(found.currents, wanted, rtol=0, atol=1e-8 * largest)


@given(any_array, volts(M), volts(M))
def test_linearity(array, first, second):
    run = lambda v: solve(array, jnp.asarray(v)).currents
    both = run(2 * first - 3 * second)
    size = 1e-12 * np.max(np.sum(array.conductance, 0)) * 5
    assert np.allclose(both, 2 * run(first) - 3 * run(second), rtol=0, atol=size)


@given(any_array)
def test_reciprocity(array):
    """Current at bit line j for one volt at word line i, and the other way round."""
    matrix = effective(array)
    for j in range(N):
        sides = crossbar.Sides(left=jnp.zeros(M), bottom=jnp.zeros(N).at[j].set(1.0))
        back = -solve(array, sides).inflow.left
        size = 1e-11 * np.max(matrix)
        assert np.allclose(matrix[:, j], back, rtol=0, atol=size)


@given(any_array, volts(M))
def test_tellegen(array, v):
    """What the sources give is what cells, wires and terminations burn."""
    s = solve(array, jnp.asarray(v))
    given_power = np.sum(v * s.inflow.left)
    cells = s.drops * array.conductance
    along_word = np.cumsum(np.array(cells)[:, ::-1], 1)[:, ::-1][:, 1:]
    along_bit = np.cumsum(np.array(cells), 0)[:-1]
    burnt = (
        np.sum(cells * s.drops)
        + np.sum(array.word_wire * along_word**2)
        + np.sum(array.bit_wire * along_bit**2)
        + np.sum(array.left * np.array(s.inflow.left) ** 2)
        + np.sum(array.bottom * np.array(s.inflow.bottom) ** 2)
    )
    assert np.isclose(given_power, burnt, rtol=1e-9, atol=1e-25)


@given(any_array, st.integers(0, M - 1), st.integers(0, N - 1), st.floats(1.0, 10.0))
def test_rayleigh(array, i, j, factor):
    """A better cell never lowers the current that a positive drive delivers."""
    better = array.conductance.at[i, j].multiply(factor)
    total = lambda a: jnp.sum(solve(a, jnp.ones(M)).currents)
    more = total(dataclasses.replace(array, conductance=better))
    assert more >= total(array) * (1 - 1e-12)


@given(any_array)
def test_transposition(array):
    """Word and bit lines exchanged, axes mirrored: the same two-port matrix."""
    turned = built(
        array.conductance.T[::-1, ::-1],
        array.bit_wire,
        array.word_wire,
        array.bottom[::-1],
        array.left[::-1],
    )
    matrix, other = effective(array), effective(turned)
    assert np.allclose(matrix, other.T[::-1, ::-1], rtol=1e-10, atol=1e-18)


@given(conductances, volts(M))
def test_without_wires_it_is_a_matrix_product(g, v):
    array = crossbar.Crossbar.wired(g, 0.0)
    size = 1e-14 * np.sum(g)
    assert np.allclose(solve(array, jnp.asarray(v)).currents, v @ g, rtol=0, atol=size)
    found = jax.jit(crossbar.solve)(array, jnp.asarray(v)).currents
    assert np.allclose(found, v @ g, rtol=0, atol=size)


@given(conductances)
def test_error_of_small_wires_is_linear(g):
    loss = lambda r: np.max(np.abs(effective(crossbar.Crossbar.wired(g, r)) - g))
    assert np.isclose(loss(1e-3), 10 * loss(1e-4), rtol=1e-2)
