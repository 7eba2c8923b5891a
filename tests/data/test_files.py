import os
import stat
import tracemalloc

import equinox as eqx
import h5py
import hypothesis.extra.numpy as hnp
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
import pytest
import xarray
from hypothesis import given, HealthCheck, settings, strategies as st

from mtjax import data

from .helpers import Device, device, levels, same, switching


def trees():
    network = eqx.nn.MLP(3, 2, 4, 1, key=jr.key(0))
    optimiser = optax.adam(optax.cosine_decay_schedule(0.1, 10)).init(
        eqx.filter(network, eqx.is_inexact_array)
    )
    return {
        "statistics": (switching(), levels()),
        "pulses": levels().pulses,
        "device": device(),
        "batch": eqx.filter_vmap(lambda a: device(alpha=a))(jnp.arange(3.0)),
        "network": network,
        "optimiser": optimiser,
        "keys": {"one": jr.key(3), "many": jr.split(jr.key(4, impl="rbg"), (2, 3))},
        "numbers": {"a": 3, "b": True, "c": 0.1, "d": 1 + 2j, "e": np.float32(0.1)},
        "outcome": (data.Outcome.singular, jnp.zeros((0, 3)), None, ()),
        "small": {k: jnp.ones((2, 3), k) for k in ("bfloat16", "float16", "int8", "bool")},
        "names": {"a/b": jnp.ones(1), ".": jnp.ones(2), "": jnp.ones(3), "x y%": 1.0},
        "leaf": jnp.arange(3),
    }


@pytest.mark.parametrize("name", trees())
def test_a_tree_comes_back_bit_for_bit(name, tmp_path):
    tree = trees()[name]
    data.save(tmp_path / "x.h5", tree)
    assert same(data.load(tmp_path / "x.h5", tree), tree)
    shapes = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype) if np.ndim(x) else x, tree
    )
    assert same(data.load(tmp_path / "x.h5", shapes), tree)


def test_the_class_of_statistics_stands_for_any_of_them(tmp_path):
    tree = {"a": levels(), "b": [switching()]}
    data.save(tmp_path / "x.h5", tree)
    like = {"a": data.Levels, "b": [data.Switching]}
    assert same(data.load(tmp_path / "x.h5", like), tree)
    data.save(tmp_path / "y.h5", levels())
    assert same(data.load(tmp_path / "y.h5", data.Levels), levels())


def test_xarray_sees_named_coordinates_with_units(tmp_path):
    data.save(tmp_path / "x.h5", levels(), provenance={"seed": 0})
    with xarray.open_dataset(tmp_path / "x.h5", engine="h5netcdf") as x:
        assert x["mean"].dims == ("device", "voltage", "width")
        assert x["histogram"].dims == ("device", "voltage", "width", "bins")
        assert x["edges"].dims == ("edges",)
        assert x["mean"].attrs["units"] == "S"
        assert x["voltage"].attrs["units"] == "V"
        assert x["width"].attrs["long_name"].startswith("pulse width")
        point = x["mean"].sel(voltage=1.0, width=2e-9)
        np.testing.assert_array_equal(point, levels().mean[:, 1, 1])
    data.save(tmp_path / "y.h5", (switching(), {"w": jnp.ones((2, 3))}))
    with xarray.open_dataset(tmp_path / "y.h5", engine="h5netcdf", group="0") as x:
        assert x["switched"].dims == ("device", "voltage", "width")


def test_h5py_reads_it_with_checksums(tmp_path):
    data.save(tmp_path / "x.h5", levels())
    with h5py.File(tmp_path / "x.h5") as file:
        dataset = file["mean"]
        assert isinstance(dataset, h5py.Dataset)
        np.testing.assert_array_equal(dataset[()], levels().mean)
        assert dataset.fletcher32
        assert dataset.compression == "gzip"
        assert file.attrs["schema_version"] == 1


def test_provenance_comes_back(tmp_path):
    told = {"seed": 3, "configuration": {"a": [1, 2.5, "é"]}, "text": "x" * 100_000}
    data.save(tmp_path / "x.h5", device(), provenance=told | {"array": np.arange(2)})
    back = data.provenance(tmp_path / "x.h5")
    assert back.pop("mtjax_version")
    assert back == told | {"array": [0, 1]}
    with pytest.raises(ValueError, match="`provenance` must be words and numbers"):
        data.save(tmp_path / "x.h5", device(), provenance={"f": object()})


def test_a_mapping_may_name_a_part(tmp_path):
    data.save(tmp_path / "x.h5", {"a": device(), "b": jnp.ones(2)})
    part = data.load(tmp_path / "x.h5", {"a": device()})
    assert same(part, {"a": device()})


def grown(tree: Device):
    class Device(eqx.Module):
        alpha: jax.Array
        extra: jax.Array

    return Device(tree.alpha, tree.alpha)


@pytest.mark.parametrize(
    "like, sentence",
    (
        (device(sites=4), "must have 4 for `sites`, as `like` has, it has 3"),
        (switching(), "must hold a tree of class Switching, it has Device"),
        (grown(device()), "must hold .*, it "),
        (
            eqx.tree_at(lambda d: d.area, device(), jnp.ones(3)),
            r"must have shape \(3,\) in `area`, it has \(2,\)",
        ),
        (
            eqx.tree_at(lambda d: d.alpha, device(), jnp.asarray(3)),
            "must hold whole numbers in `alpha`, it holds floating ones",
        ),
        (
            eqx.tree_at(lambda d: d.alpha, device(), jr.key(3)),
            "must hold random-key numbers in `alpha`",
        ),
        ({"x": jnp.ones(3)}, "must hold `x`, which `like` has; it does not"),
        ({"grain": jnp.ones(3)}, "must hold `grain` as a dataset, it does not"),
    ),
)
def test_another_structure_is_one_sentence(like, sentence, tmp_path):
    data.save(tmp_path / "x.h5", device())
    refused(tmp_path / "x.h5", like, sentence)


def refused(path, like, sentence):
    with pytest.raises(data.FileError, match=sentence) as caught:
        data.load(path, like)
    text = str(caught.value)
    assert text.startswith(f"`{path}` ")
    assert text.endswith(".")
    assert "\n" not in text
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def write(path, make):
    """A good file of `levels()`, changed by `make(file)`."""
    data.save(path, levels())
    with h5py.File(path, "r+") as file:
        make(file)


def replace(file, name, **how):
    del file[name]
    return file.create_dataset(name, **how)


def external_link(file):
    del file["mean"]
    file["mean"] = h5py.ExternalLink("/etc/passwd", "/mean")


def soft_link(file):
    del file["mean"]
    file["mean"] = h5py.SoftLink("/variance")


def virtual(file):
    layout = h5py.VirtualLayout((4, 2, 3), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "mean", (4, 2, 3))
    del file["mean"]
    file.create_virtual_dataset("mean", layout, fillvalue=0.0)


@pytest.mark.parametrize(
    "make, sentence",
    (
        (external_link, "must hold `mean` itself, it holds a link to it"),
        (soft_link, "must hold `mean` itself, it holds a link to it"),
        (virtual, "must hold `mean` itself, it points to other files"),
        (
            lambda f: replace(f, "mean", shape=(2,), dtype="f8", external="/etc/passwd"),
            "must hold `mean` itself, it points to other files",
        ),
        (
            lambda f: replace(f, "mean", shape=(1 << 20, 1 << 10, 1 << 10), dtype="f8"),
            "must hold all of `mean`, it says 8796093022208 bytes and stores 0",
        ),
        (
            lambda f: replace(
                f,
                "mean",
                shape=(1 << 12, 1 << 12, 1 << 12),
                dtype="f8",
                chunks=(1, 64, 64),
                compression="gzip",
            ).write_direct(np.ones((1, 1, 1)), dest_sel=np.s_[:1, :1, :1]),
            "must hold all of `mean`, it says ",
        ),
        (lambda f: replace(f, "mean", data=["a", "b"]), "must hold numbers in `mean`"),
        (
            lambda f: replace(f, "mean", data=np.ones((4, 2, 3)), compression="lzf"),
            "must hold `mean` in gzip or plain",
        ),
        (
            lambda f: replace(f, "mean", data=np.ones(3)),
            r"must have 3 dimension\(s\) in `mean`, it has shape \(3,\)",
        ),
        (
            lambda f: replace(f, "mean", data=np.full((4, 2, 3), np.nan)),
            "holds values out of range: `mean` must be finite, got nan",
        ),
        (
            lambda f: replace(f, "trials", data=np.full((4, 2, 3), -1)),
            "holds values out of range: `trials` must be >= 0, got -1",
        ),
        (
            lambda f: replace(f, "width", data=np.array([1e-9, 2e-9, np.nan])),
            "holds values out of range: `width` must be > 0",
        ),
        (
            lambda f: replace(f, "mean", data=np.ones((4, 2, 2))),
            r"out of range: `mean` must have shape \(4, 2, 3\)",
        ),
        (lambda f: f.__delitem__("mean"), "must hold `mean`, which `like` has"),
        (
            lambda f: f.attrs.__setitem__("schema_version", 99),
            "must be of schema version 1 or lower, it is of version 99",
        ),
        (lambda f: f.attrs.__setitem__("schema_version", "x"), "truncated or damaged"),
        (
            lambda f: f.attrs.__setitem__("schema", "other"),
            "must be a file written by mtjax",
        ),
        (lambda f: f.attrs.__delitem__("static"), "must have the attribute `static`"),
        (lambda f: f.attrs.__setitem__("static", "{"), "truncated or damaged"),
        (lambda f: f.attrs.__setitem__("static", np.ones(5)), "must have one value"),
        (lambda f: f.create_dataset("more", data=1.0), "it also has `more`"),
    ),
)
def test_a_foreign_or_hostile_file_is_one_sentence(make, sentence, tmp_path):
    write(tmp_path / "x.h5", make)
    refused(tmp_path / "x.h5", levels(), sentence)


def test_damage_is_one_sentence(tmp_path):
    path = tmp_path / "x.h5"
    refused(path, levels(), "must be a file, there is none")
    path.write_bytes(b"")
    refused(path, levels(), "must be an HDF5 file")
    path.write_text("voltage,width\n")
    refused(path, levels(), "must be an HDF5 file")
    data.save(path, levels())
    whole = path.read_bytes()
    for length in (9, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        refused(path, levels(), "truncated or damaged|must be an HDF5 file")


def test_a_flipped_byte_is_found_wherever_it_is(tmp_path):
    """Metadata and scalars are under HDF5's own checksums, the rest under fletcher32."""
    path, tree = tmp_path / "x.h5", levels()
    data.save(path, tree, provenance={"seed": 0})
    whole = path.read_bytes()
    found = 0
    for at in range(0, len(whole), max(1, len(whole) // 150)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        try:
            assert same(data.load(path, tree), tree), at
        except data.FileError:
            found += 1
    assert found > 20


def test_a_good_file_survives_a_failed_write(tmp_path, monkeypatch):
    path = tmp_path / "x.h5"
    data.save(path, device(0.1))
    with pytest.raises(ValueError, match="must be of numbers"):
        data.save(path, {"a": np.array(["x", None])})

    def full(*args):
        raise OSError(28, "No space left on device")

    for call in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, full)
            with pytest.raises(
                data.FileError, match=r"No space left on device .*is untouched"
            ):
                data.save(path, device(0.2))
        assert data.load(path, device()).alpha == 0.1
        assert os.listdir(tmp_path) == ["x.h5"]
    with pytest.raises(data.FileError, match="could not be written: No such file"):
        data.save(tmp_path / "none/x.h5", device())
    with pytest.raises(data.FileError, match="Is a directory"):
        data.save(tmp_path, device())


def test_a_file_has_the_usual_permissions(tmp_path):
    data.save(tmp_path / "x.h5", device())
    (tmp_path / "y").touch()
    mode = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("x.h5", "y")]
    assert mode[0] == mode[1]


def test_the_same_tree_is_the_same_bytes(tmp_path):
    for name in "xy":
        data.save(tmp_path / name, levels(), provenance={"seed": 0})
    assert (tmp_path / "x").read_bytes() == (tmp_path / "y").read_bytes()


FIXTURE = HealthCheck.function_scoped_fixture
ARRAYS = st.sampled_from(("f8", "f4", "f2", "i8", "u1", "?", "c16")).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=3))
)
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
TREES = st.recursive(
    ARRAYS | st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers(0, 9),
    lambda below: (
        st.lists(below, max_size=3)
        | st.tuples(below, below)
        | st.dictionaries(NAMES, below, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=40, suppress_health_check=[FIXTURE])
@given(tree=TREES)
def test_any_tree_comes_back(tree, tmp_path):
    data.save(tmp_path / "x.h5", tree)
    assert same(data.load(tmp_path / "x.h5", tree), tree)


def test_a_bomb_takes_no_memory(tmp_path):
    """64 GB of zeros in a small file, refused at the cost of next to nothing."""
    path = tmp_path / "x.h5"
    for make in (
        lambda f: replace(f, "mean", shape=(1 << 33,), dtype="f8", chunks=(1 << 16,)),
        lambda f: replace(f, "mean", shape=(1 << 33,), dtype="f8"),
    ):
        write(path, make)
        tracemalloc.start()
        for like in (levels(), {"mean": jnp.ones(3)}):
            with pytest.raises(data.FileError):
                data.load(path, like)
        assert tracemalloc.get_traced_memory()[1] < 5e6
        tracemalloc.stop()


def test_a_traced_tree_is_refused(tmp_path):
    with pytest.raises(ValueError, match="`0` must be values, it is"):
        jax.jit(lambda x: data.save(tmp_path / "x.h5", x))(1.0)
