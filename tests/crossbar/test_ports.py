import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.crossbar as crossbar

from .dense import at_bottom, nodal


ARRAY = crossbar.Crossbar(
    conductance=jr.uniform(jr.key(0), (4, 3), minval=1e-4, maxval=1e-2),
    word_wire=2.0,
    bit_wire=3.0,
    left=jnp.array([5.0, 1.0, jnp.inf, 2.0]),
    right=10.0,
    bottom=4.0,
)
METHOD = crossbar.Method.direct


def test_johnson_noise_of_the_columns_is_that_of_all_resistors():
    """Nyquist: each resistor with its own noise current, added up, is 4 kT Y."""
    y = crossbar.column_admittance(ARRAY, method=METHOD)
    assert np.allclose(y, y.T, rtol=1e-11)
    matrix, _ = nodal(ARRAY, crossbar.Sides())
    m, n = ARRAY.shape
    index = np.arange(2 * m * n).reshape(2, m, n)
    inverse = np.linalg.inv(matrix)
    out = inverse[index[1, -1]] / 4.0  # currents at the bottom for currents into nodes
    covariance = np.zeros((n, n))

    def add(a, b, g, own=None):
        """Noise current from node `a` to node `b`, or at a bottom in series with it."""
        effect = -out[:, a] + (0 if b is None else out[:, b])
        if own is not None:
            effect = effect + np.eye(n)[own]
        covariance[...] += g * np.outer(effect, effect)

    for i in range(m):
        for j in range(n):
            add(index[0, i, j], index[1, i, j], ARRAY.conductance[i, j])
            if j:
                add(index[0, i, j - 1], index[0, i, j], 1 / 2.0)
            if i:
                add(index[1, i - 1, j], index[1, i, j], 1 / 3.0)
        add(index[0, i, 0], None, 1 / ARRAY.left[i])
        add(index[0, i, -1], None, 1 / 10.0)
    for j in range(n):
        add(index[1, -1, j], None, 1 / 4.0, own=j)
    assert np.allclose(covariance, y, rtol=1e-9, atol=1e-12)


def test_a_column_without_wires_has_the_sum_of_its_cells():
    g = jnp.array([[1e-3, 2e-3], [3e-3, 4e-3]])
    y = crossbar.column_admittance(crossbar.Crossbar(conductance=g), method=METHOD)
    assert np.allclose(y, np.diag([4e-3, 6e-3]), rtol=1e-9, atol=1e-15)


def test_one_cell_settles_with_its_time_constant():
    """Capacitance on the bit node: driver and cell beside the ground's resistance."""
    array = crossbar.Crossbar(conductance=jnp.array([[1 / 5e3]]), left=1e3, bottom=2e3)
    tau = crossbar.settling_time(array, jnp.ones(1), bit_capacitance=1e-12, method=METHOD)
    assert np.isclose(tau[0], 1e-12 / (1 / 6e3 + 1 / 2e3), rtol=1e-12)


def test_settling_is_the_charge_that_is_missing():
    """Against all modes of the network, each with its rate."""
    v = jnp.array([0.3, 0.5, 0.2, 0.4])
    k = jr.split(jr.key(1))
    c_word, c_bit = (jr.uniform(k, (4, 3), minval=1e-15, maxval=3e-15) for k in k)
    tau = crossbar.settling_time(
        ARRAY, v, word_capacitance=c_word, bit_capacitance=c_bit, method=METHOD
    )
    matrix, into = nodal(ARRAY, crossbar.Sides(left=v))
    root = np.sqrt(np.concatenate([c_word.ravel(), c_bit.ravel()]))
    rates, modes = np.linalg.eigh(matrix / np.outer(root, root))
    final = np.linalg.solve(matrix, into)
    start = modes.T @ (-final * root)
    gap = modes @ (start / rates) / root  # integral over time of what is still to come
    missing = at_bottom(ARRAY, -gap)
    assert np.allclose(tau, missing / at_bottom(ARRAY, final), rtol=1e-9)


def test_a_capacitance_must_fit():
    with pytest.raises(
        ValueError, match="A capacitance must be a scalar or have the shape"
    ):
        crossbar.settling_time(ARRAY, jnp.ones(4), word_capacitance=jnp.ones(3))
