import json

import equinox as eqx
import jax.numpy as jnp
import pytest

from mtjax._config import read
from mtjax._directory import open_run
from mtjax._tree import BadInput
from mtjax.data import quantity, Scalar


class Ball(eqx.Module):
    radius: Scalar = quantity("m", above=0)


BALL = Ball(radius=1 / 3)
LIKE = {"x": jnp.zeros(3)}


def test_a_finished_part_is_used_again(tmp_path):
    made = []

    def make():
        made.append(None)
        return [{"x": jnp.arange(3.0)}, {"made": len(made)}]

    for _ in range(2):
        with open_run(tmp_path / "run", read(BALL)) as run:
            x, n = run.parts({"x.h5": LIKE, "n.json": None}, make)
            assert x["x"].tolist() == [0, 1, 2]
            assert n == {"made": 1}
    assert len(made) == 1
    assert json.loads((tmp_path / "run/provenance.json").read_text())["mtjax"]


def test_the_configuration_as_run_reads_back(tmp_path):
    with open_run(tmp_path, read(BALL)) as run:
        again = read(BALL, run.path / "config.toml")
    assert eqx.tree_equal(again.tree, BALL)


def contents(path):
    return {file.name: file.read_bytes() for file in path.iterdir()}


def test_another_configuration_is_refused_and_nothing_is_touched(tmp_path):
    with open_run(tmp_path, read(BALL)):
        pass
    before = contents(tmp_path)
    with (
        pytest.raises(BadInput, match=r"its `radius` is 0\.333.* and not 2\.0"),
        open_run(tmp_path, read(BALL, None, ["radius=2"])),
    ):
        pass
    assert contents(tmp_path) == before


def test_foreign_files_and_a_busy_directory_are_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(BadInput, match="with other files"), open_run(tmp_path, read(BALL)):
        pass
    assert contents(tmp_path) == {"thesis.txt": b"mine"}
    with (
        open_run(tmp_path / "run", read(BALL)),
        pytest.raises(BadInput, match="another program is writing"),
        open_run(tmp_path / "run", read(BALL)),
    ):
        pass


def test_a_truncated_part_is_one_sentence_and_stays(tmp_path):
    with open_run(tmp_path, read(BALL)) as run:
        run.parts({"x.h5": LIKE}, lambda: [LIKE])
        content = (tmp_path / "x.h5").read_bytes()[:-100]
        (tmp_path / "x.h5").write_bytes(content)
        with pytest.raises(BadInput, match=r"x\.h5` must be a whole file .* delete it"):
            run.parts({"x.h5": LIKE}, lambda: [LIKE])
        assert (tmp_path / "x.h5").read_bytes() == content
