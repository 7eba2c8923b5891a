import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import compact, crossbar, training


@pytest.mark.parametrize("size, stride, padding", ((3, 1, 1), (5, 2, 0), (1, 2, 0)))
def test_convolution_is_that_of_lax(size, stride, padding):
    layer = training.Convolution(3, 4, size, stride=stride, padding=padding, key=jr.key(0))
    x = jr.normal(jr.key(1), (9, 8, 3))
    kernel = layer.linear.weight.T.reshape(size, size, 3, 4)
    expected = jax.lax.conv_general_dilated(
        x[None],
        kernel,
        (stride, stride),
        [(padding, padding)] * 2,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )[0]
    bias = layer.linear.bias
    assert bias is not None
    np.testing.assert_allclose(layer(x), expected + bias[None, None], rtol=1e-9, atol=1e-12)


def normed(key):
    keys = jr.split(key, 3)
    kernel = training.Convolution(2, 3, 3, use_bias=False, key=keys[0])
    scale, shift = jr.uniform(keys[1], (2, 3))
    norm = training.BatchNorm(scale, shift, jnp.zeros(3), jnp.ones(3))
    return training.NormedConvolution(kernel, norm)


def test_held_statistics_are_those_of_the_batch_and_fold_into_the_kernel():
    layer, x = normed(jr.key(0)), jr.normal(jr.key(1), (10, 6, 6, 2))
    live = training.batched(layer, x)
    assert layer.norm is not None
    np.testing.assert_allclose(live.mean((0, 1, 2)), layer.norm.shift, atol=1e-9)
    held = training.estimate_statistics(layer, x)
    np.testing.assert_allclose(jax.vmap(held)(x), live, rtol=1e-9, atol=1e-12)
    folded = training.fold(held)
    assert folded.norm is None
    np.testing.assert_allclose(jax.vmap(folded)(x), live, rtol=1e-9, atol=1e-12)
    with pytest.raises(ValueError, match=r"`network` must have held statistics"):
        training.fold(layer)


@pytest.mark.parametrize(
    "stem, side", ((training.Stem.CIFAR, 32), (training.Stem.IMAGENET, 224))
)
def test_residual_network_has_the_published_size(stem, side):
    shape = jax.ShapeDtypeStruct((side, side, 3), float)
    network = eqx.filter_eval_shape(training.resnet18, 1000, key=jr.key(0), stem=stem)
    run = lambda network, x: training.batched(network, x[None])[0]
    assert eqx.filter_eval_shape(run, network, shape).shape == (1000,)
    weights = sum(leaf.size for leaf in jax.tree.leaves(network) if hasattr(leaf, "size"))
    # torchvision's resnet18 has 11,689,512 parameters; beside them mean and variance of
    # 4,800 channels are stored, and a CIFAR stem lacks 64 * 3 * (49 - 9) weights
    missing = 64 * 3 * 40 if stem is training.Stem.CIFAR else 0
    assert weights - 2 * 4800 + missing == 11_689_512


@pytest.mark.slow
def test_convolutions_run_on_tiles():
    step = 100e-6
    cell = compact.TableCell(
        conductance=200e-6 + step * jnp.arange(256) / 85,
        cycle_std=jnp.zeros(256),
        device_std=jnp.zeros(256),
    )
    network = training.lenet(4, key=jr.key(0), size=12)
    x = jr.uniform(jr.key(1), (2, 12, 12, 1))
    spec = crossbar.Spec(tile=16, levels=256)
    chip = training.on_array(network, cell, spec, key=jr.key(2))
    got, expected = training.batched(chip, x), training.batched(network, x)
    # 511 weights within about 4 rms: a weight is off by rms / 220, an output by less
    assert np.max(np.abs(got - expected)) < 0.01 * np.max(np.abs(expected))
