import signal
import subprocess
import sys
import time

import equinox as eqx
import jax.numpy as jnp
import pytest

from mtjax import data

from .helpers import levels, same, switching


NAMES = [f"part-{i}" for i in range(12)]
WRITER = """
import sys, time
import jax
jax.config.update("jax_enable_x64", True)
from mtjax import data
from tests.data.helpers import levels

tree = levels()
with data.Parts(sys.argv[1], {"seed": 0}) as parts:
    print("locked", flush=True)
    for i in range(12):
        if f"part-{i}" not in parts:
            parts.save(f"part-{i}", tree)
            time.sleep(0.2)

"""


def writer(folder):
    command = [sys.executable, "-c", WRITER, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_killed_sweep_loses_the_part_in_hand_and_resumes(tmp_path):
    folder = tmp_path / "sweep"
    with writer(folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        with pytest.raises(
            data.FileError, match=f"is being written by process {process.pid} on"
        ):
            data.Parts(folder, {"seed": 0}).__enter__()
        while len(data.Parts(folder, {"seed": 0}).finished()) < 3:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    (folder / ".part-7.h5.abc.tmp").write_bytes(b"what a killed writer leaves")
    parts = data.Parts(folder, {"seed": 0})
    before = {name: (folder / f"{name}.h5").read_bytes() for name in parts.finished()}
    assert 3 <= len(before) < 12
    with parts:
        for name in parts.finished():
            assert same(parts.load(name, data.Levels), levels())
        assert not list(folder.glob(".*.tmp"))
        for name in NAMES:
            if name not in parts:
                parts.save(name, levels())
        whole = parts.repack(
            tmp_path / "sweep.h5", NAMES, like=data.Levels, combine=data.concatenate
        )
    assert whole.mean.shape == (48, 2, 3)
    assert same(data.load(tmp_path / "sweep.h5", data.Levels), whole)
    assert data.provenance(tmp_path / "sweep.h5")["configuration"] == {"seed": 0}
    for name, content in before.items():
        assert (folder / f"{name}.h5").read_bytes() == content


def test_a_finished_part_never_changes(tmp_path):
    with data.Parts(tmp_path, {}) as parts:
        parts.save("a", jnp.ones(3))
        with pytest.raises(data.FileError, match=r"a\.h5` is finished and is never"):
            parts.save("a", jnp.zeros(3))
        with pytest.raises(data.FileError, match="must hold all 3 parts, 2 are missing"):
            parts.repack(
                tmp_path / "x.h5", ["a", "b", "c"], like=jnp.ones(3), combine=tuple
            )
    with pytest.raises(ValueError, match="`save` must be called inside `with"):
        parts.save("b", jnp.zeros(3))
    with pytest.raises(ValueError, match="`name` must be of letters, digits"):
        _ = "../a" in parts


@pytest.mark.parametrize(
    "other, sentence",
    (
        (
            {"device": {"alpha": 0.03}, "seed": 0},
            r"another configuration \(`device.alpha` is 0.02 there and 0.03 here\)",
        ),
        ({"device": {"alpha": 0.02}}, r"\(`seed` is only in it\)"),
        ({"device": {"alpha": 0.02}, "seed": 0, "x": 1}, r"\(`x` is not in it\)"),
        ({"device": {"alpha": 0.02}, "seed": False}, "`seed` is 0 there and false here"),
    ),
)
def test_another_configuration_is_refused(other, sentence, tmp_path):
    with data.Parts(tmp_path, {"device": {"alpha": 0.02}, "seed": 0}) as parts:
        parts.save("a", jnp.ones(3))
    with pytest.raises(data.FileError, match=sentence):
        data.Parts(tmp_path, other)
    assert data.Parts(tmp_path, parts.configuration).finished() == ["a"]


def test_shares_of_a_job_array_write_side_by_side(tmp_path):
    with data.Parts(tmp_path, {}, share=(1, 2)) as one:
        with data.Parts(tmp_path, {}, share=(2, 2)) as two:
            assert sorted(one.mine(NAMES) + two.mine(NAMES)) == sorted(NAMES)
            one.save("a", jnp.ones(1))
            assert "a" in two
        with pytest.raises(data.FileError, match="is being written by process"):
            data.Parts(tmp_path, {}, share=(1, 2)).__enter__()
        with pytest.raises(data.FileError, match="is being written by"):
            data.Parts(tmp_path, {}).__enter__()
    with data.Parts(tmp_path, {}):
        pass
    with pytest.raises(ValueError, match=r"`share` must be \(i, n\)"):
        data.Parts(tmp_path, {}, share=(3, 2))


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(data.FileError, match="could not be made: File exists"):
        data.Parts(tmp_path / "file", {}).__enter__()
    (tmp_path / "configuration.json").write_text("{")
    with pytest.raises(data.FileError, match="must be readable JSON"):
        data.Parts(tmp_path, {})


def test_statistics_join_along_the_devices():
    both = data.concatenate([levels(), levels()])
    assert both.mean.shape == (8, 2, 3)
    assert both.parallel.shape == (8,)
    assert (both.mean[4:] == levels().mean).all()
    assert data.concatenate([switching()] * 3).trials.shape == (12, 2, 3)
    for parts, sentence in (
        ([], "`parts` must have at least one part"),
        ([levels(), switching()], "`parts` must be of one class"),
        ([levels(), levels(data.State.PARALLEL)], "must have the same `start`, part 1"),
        (
            [levels(), eqx.tree_at(lambda x: x.pulses.rise, levels(), jnp.array(1.0))],
            "must have the same `pulses`, part 1",
        ),
    ):
        with pytest.raises(ValueError, match=sentence):
            data.concatenate(parts)
