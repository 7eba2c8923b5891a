"""The laws of a network on a chip; cells are tables, so that nothing is fitted here."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import compact, crossbar, training

from .helpers import blobs


def cell(levels=4, spread=0.0):
    """Evenly spaced levels between 200 and 500 uS; `spread` in units of one step."""
    step = 300e-6 / (levels - 1)
    ones = jnp.ones(levels)
    return compact.TableCell(
        conductance=jnp.linspace(200e-6, 500e-6, levels),
        cycle_std=spread * step * ones,
        device_std=0.5 * spread * step * ones,
    )


def grid_step(weight, levels):
    """Weight of one level, by brute force over the mean squared error of a Gaussian."""
    z = np.linspace(-8, 8, 4001)
    density = np.exp(-(z**2) / 2)
    ranges = np.linspace(0.5, 5, 4501)
    number = np.clip(np.round(z / ranges[:, None] * (levels - 1)), 1 - levels, levels - 1)
    errors = np.sum(density * (number * ranges[:, None] / (levels - 1) - z) ** 2, axis=1)
    best = ranges[np.argmin(errors)] * np.sqrt(np.mean(np.asarray(weight) ** 2))
    return min(best, np.max(np.abs(weight))) / (levels - 1)


def quantised(network, levels):
    """The network with its weights on the grid."""

    def on_grid(layer):
        step = grid_step(layer.weight, levels)
        number = np.clip(np.round(np.asarray(layer.weight) / step), 1 - levels, levels - 1)
        return eqx.tree_at(lambda l: l.weight, layer, jnp.asarray(number * step))

    is_linear = lambda node: isinstance(node, eqx.nn.Linear)
    return jax.tree.map(
        lambda node: on_grid(node) if is_linear(node) else node, network, is_leaf=is_linear
    )


NETWORKS = {
    "perceptron": lambda key: training.mlp((6, 3), key=key),
    "mlp": lambda key: training.mlp((6, 6, 3), key=key, activation=jnp.tanh),
    "equinox MLP": lambda key: eqx.nn.MLP(6, 3, 6, 1, key=key),
    "equinox Sequential": lambda key: eqx.nn.Sequential(
        [
            eqx.nn.Linear(6, 6, use_bias=False, key=key),
            eqx.nn.Lambda(jnp.tanh),
            eqx.nn.Linear(6, 3, key=key),
        ]
    ),
}


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS.keys())
def test_ideal_chip_is_the_quantised_network(make):
    network, (x, _) = make(jr.key(0)), blobs()
    spec = crossbar.Spec(tile=4, levels=4)
    chip = training.on_array(network, cell(), spec, key=jr.key(1))
    expected = jax.vmap(quantised(network, 4))(x)
    np.testing.assert_allclose(jax.vmap(chip)(x), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(chip(x[0]), expected[0], rtol=1e-9, atol=1e-12)


def test_more_levels_and_bits_converge_to_the_float_network():
    network, (x, _) = training.mlp((6, 3), key=jr.key(0)), blobs()
    expected = jax.vmap(network)(x)
    errors = []
    for levels, bits in ((4, 6), (16, 8), (64, 10)):
        spec = crossbar.Spec(levels=levels, dac_bits=bits, adc_bits=bits + 2)
        chip = training.on_array(network, cell(levels), spec, key=jr.key(1))
        errors.append(float(jnp.max(jnp.abs(jax.vmap(chip)(x) - expected))))
    # each row has a quarter of the steps of the one before; the error follows, roughly
    assert errors[1] < errors[0] / 2
    assert errors[2] < errors[1] / 2


def test_one_key_is_one_chip():
    network, (x, _) = training.mlp((6, 3), key=jr.key(0)), blobs()
    spec = crossbar.Spec(tile=8, wire=1.0, adc_bits=6)
    run = lambda key: jax.vmap(training.on_array(network, cell(spread=0.2), spec, key=key))(
        x
    )
    assert np.array_equal(run(jr.key(1)), run(jr.key(1)))
    assert not np.allclose(run(jr.key(1)), run(jr.key(2)), rtol=1e-3)


def test_wires_are_the_exact_solution_of_each_tile():
    network = training.mlp((6, 3), key=jr.key(0))
    spec = crossbar.Spec(tile=8, wire=20.0)
    layer = training.on_array(network, cell(), spec, key=jr.key(1)).network.layers[0]
    steps = training.on_array(
        network, cell(), crossbar.Spec(tile=8), key=jr.key(1)
    ).network.layers[0]
    number = np.round(np.asarray(steps.conductance[0]) / 100e-6)
    g = 200e-6 + 100e-6 * np.stack([number.clip(0), (-number).clip(0)], -1).reshape(6, 6)
    array = crossbar.Crossbar.wired(jnp.asarray(g), 20.0)
    matrix = jax.vmap(lambda v: crossbar.solve(array, v).currents)(jnp.eye(6))
    expected = matrix[:, 0::2] - matrix[:, 1::2]
    np.testing.assert_allclose(layer.conductance[0], expected, rtol=1e-8)


def test_first_order_wires_are_right_to_second_order():
    network = training.mlp((6, 3), key=jr.key(0))
    errors = []
    for wire in (0.5, 1.0):
        chips = [
            training.on_array(
                network,
                cell(),
                crossbar.Spec(tile=8, wire=wire),
                key=jr.key(1),
                wires=wires,
            )
            for wires in (training.Wires.EXACT, training.Wires.FIRST_ORDER)
        ]
        exact, first = (chip.network.layers[0].conductance for chip in chips)
        errors.append(float(jnp.max(jnp.abs(exact - first))))
    assert errors[1] / errors[0] == pytest.approx(4, rel=0.1)


def test_columns_are_calibrated_for_their_wires():
    network = training.mlp((6, 3), key=jr.key(0))
    x = jr.normal(jr.key(2), (50, 6))
    outputs = [
        jax.vmap(
            training.on_array(
                network, cell(), crossbar.Spec(tile=8, wire=wire), key=jr.key(1)
            )
        )(x)
        for wire in (0.0, 20.0)
    ]
    slope = jnp.sum(outputs[0] * outputs[1]) / jnp.sum(outputs[0] ** 2)
    assert slope == pytest.approx(1, abs=0.02)


def loss_of(network, spec, x, y, table):
    @eqx.filter_jit
    def loss(cell, *, key):
        chip = training.on_array(network, cell, spec, key=key, table=table)
        return training.cross_entropy(jax.vmap(chip)(x), y)

    return loss


def test_derivative_in_the_cell_is_that_of_differences():
    network, (x, y) = training.mlp((6, 3), key=jr.key(0)), blobs()
    spec, nominal = crossbar.Spec(tile=4, wire=5.0), cell(spread=0.3)
    table = nominal.levels(nominal.assign(4))
    rows = training.central_differences(
        loss_of(network, spec, x, y, table), nominal, key=jr.key(1)
    )
    assert len(rows) == 12
    scale = max(abs(row.difference * row.value) for row in rows)
    for row in rows:
        assert abs(row.reverse - row.difference) * row.value < 1e-6 * scale


def test_derivative_without_a_table_is_that_at_the_held_table():
    network, (x, y) = training.mlp((6, 3), key=jr.key(0)), blobs()
    spec, nominal = crossbar.Spec(tile=4, wire=5.0), cell(spread=0.3)
    table = nominal.levels(nominal.assign(4))
    gradients = [
        jax.grad(loss_of(network, spec, x, y, t))(nominal, key=jr.key(1))
        for t in (table, None)
    ]
    for a, b in zip(*map(jax.tree.leaves, gradients), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_derivative_in_the_weights_is_straight_through():
    network, (x, y) = training.mlp((6, 3), key=jr.key(0)), blobs()
    spec = crossbar.Spec(levels=4)

    def through(network):
        chip = training.on_array(network, cell(), spec, key=jr.key(1))
        return training.cross_entropy(jax.vmap(chip)(x), y)

    direct = lambda network: training.cross_entropy(jax.vmap(network)(x), y)
    got = jax.grad(through)(network).layers[0].weight
    expected = jax.grad(direct)(quantised(network, 4)).layers[0].weight
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


def test_network_without_linear_layers_is_refused():
    with pytest.raises(ValueError, match=r"`network` must have at least one"):
        training.on_array(eqx.nn.Lambda(jnp.tanh), cell(), crossbar.Spec(), key=jr.key(0))


def test_device_with_fewer_levels_than_asked_is_refused():
    network = training.mlp((6, 3), key=jr.key(0))
    with pytest.raises(ValueError, match=r"from 2 to 4 levels, got 8"):
        training.on_array(network, cell(4), crossbar.Spec(levels=8), key=jr.key(0))
