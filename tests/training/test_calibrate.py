import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import crossbar, training

from .test_on_array import cell


X = jr.normal(jr.key(3), (60, 6))


def error(chip, network):
    wanted, got = (jax.vmap(n)(X) for n in (network, chip))
    return float(jnp.sqrt(jnp.mean((wanted - got) ** 2)))


def test_calibration_brings_a_chip_nearer_to_its_network():
    network = training.mlp((6, 3), key=jr.key(0))
    spec = crossbar.Spec(tile=8, wire=20.0, adc_bits=6, dac_bits=6)
    chip = training.on_array(network, cell(spread=0.2), spec, key=jr.key(1))
    ranges = training.calibrate(chip, network, X, columns=False)
    whole = training.calibrate(chip, network, X)
    assert error(whole, network) < error(chip, network)
    assert error(whole, network) < error(ranges, network)
    largest = jnp.quantile(jnp.abs(X), 0.999)
    np.testing.assert_allclose(ranges.network.layers[0].input_range, largest)
    off = jax.vmap(lambda x: whole(x) - network(x))(X)
    np.testing.assert_allclose(off.mean(axis=0), 0, atol=1e-12)


@pytest.mark.slow
def test_layers_of_images_are_calibrated_on_their_patches():
    network = training.lenet(3, key=jr.key(0), size=12)
    spec = crossbar.Spec(tile=64, adc_bits=8)
    chip = training.on_array(network, cell(), spec, key=jr.key(1), digital=(0, -1))
    x = jr.normal(jr.key(2), (3, 12, 12, 1))
    made = training.calibrate(chip, network, x)
    assert made.network.first.linear is not None
    assert made.network.second.linear.input_range > 0
    patches = training.layer_inputs(network, x)[1]
    assert patches.shape == (3, 4, 150)


def test_chosen_layers_stay_digital_and_a_chip_goes_back_to_a_network():
    network = training.mlp((6, 6, 6, 3), key=jr.key(0))
    spec = crossbar.Spec(tile=8, wire=1.0)
    chip = training.on_array(
        network, cell(spread=0.1), spec, key=jr.key(1), digital=(0, -1)
    )
    kinds = [isinstance(l, training.ArrayLinear) for l in chip.network.layers]
    assert kinds == [False, True, False]
    np.testing.assert_array_equal(chip.network.layers[0].weight, network.layers[0].weight)
    back = training.off_array(chip)
    np.testing.assert_allclose(jax.vmap(back)(X), jax.vmap(chip)(X), rtol=1e-9, atol=1e-12)
    with pytest.raises(
        ValueError, match="`digital` must be numbers of layers from -3 to 2"
    ):
        training.on_array(network, cell(), spec, key=jr.key(1), digital=(3,))
