import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import training

from .test_on_array import cell


@pytest.mark.parametrize("suffix", (".npz", ".safetensors"))
def test_weights_come_back_bit_by_bit(tmp_path, suffix):
    network = training.lenet(key=jr.key(0), size=12)
    path = tmp_path / f"weights{suffix}"
    training.save_weights(path, network)
    again = training.load_weights(path, training.lenet(key=jr.key(1), size=12))
    for a, b in zip(*(training.linear_layers(n) for n in (network, again)), strict=True):
        np.testing.assert_array_equal(a.weight, b.weight)
        np.testing.assert_array_equal(a.bias, b.bias)


def test_names_are_those_of_other_programs(tmp_path):
    network = training.mlp((4, 3, 2), key=jr.key(0))
    training.save_weights(tmp_path / "a.npz", network)
    names = set(np.load(tmp_path / "a.npz"))
    assert names == {f"layers.{i}.{kind}" for i in (0, 1) for kind in ("weight", "bias")}


def test_safetensors_are_laid_out_as_specified(tmp_path):
    path = tmp_path / "a.safetensors"
    training.save_weights(path, {"b": jnp.array([[1, 2]], jnp.int32), "a": jnp.ones(2)})
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + size].decode()
    assert size % 8 == 0
    assert '"a": {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]}' in header
    assert np.frombuffer(content[8 + size :][16:], "<i4").tolist() == [1, 2]


@pytest.mark.parametrize(
    "sizes, sentence",
    (
        ((4, 5, 2), "`layers.0.weight` has the shape"),
        ((4, 3, 2, 2), "must hold the weights `layers.2.weight`"),
        ((4, 3), "must be of this network"),
    ),
)
def test_weights_of_another_network_are_refused(tmp_path, sizes, sentence):
    path = tmp_path / "a.safetensors"
    training.save_weights(path, training.mlp((4, 3, 2), key=jr.key(0)))
    with pytest.raises(ValueError, match=sentence):
        training.load_weights(path, training.mlp(sizes, key=jr.key(0)))


def test_what_is_no_file_of_weights_is_refused(tmp_path):
    network = training.mlp((4, 3), key=jr.key(0))
    with pytest.raises(ValueError, match="must end in"):
        training.save_weights(tmp_path / "a.pt", network)
    training.save_weights(tmp_path / "a.safetensors", network)
    whole = (tmp_path / "a.safetensors").read_bytes()
    for broken in (whole[:40], whole[:-8], b"", b"not this"):
        (tmp_path / "b.safetensors").write_bytes(broken)
        with pytest.raises(ValueError, match="must be a safetensors file"):
            training.load_weights(tmp_path / "b.safetensors", network)


def test_a_calibrated_chip_is_saved_whole(tmp_path):
    from mtjax import crossbar

    network, spec = training.mlp((6, 3), key=jr.key(0)), crossbar.Spec(tile=8, adc_bits=6)
    x = jr.normal(jr.key(3), (20, 6))
    make = lambda k: training.on_array(network, cell(spread=0.1), spec, key=jr.key(k))
    chip = training.calibrate(make(1), network, x)
    training.save_weights(tmp_path / "chip.npz", chip)
    other = training.calibrate(make(2), network, x)
    again = training.load_weights(tmp_path / "chip.npz", other)
    np.testing.assert_array_equal(again(x[0]), chip(x[0]))
    assert not np.allclose(other(x[0]), chip(x[0]))
