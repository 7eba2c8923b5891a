"""The whole path on the smallest example, as a user runs it."""

import json

import numpy as np
import pytest

from ..test_packaging import ROOT
from .test_cli import mtjax


TINY = ROOT / "examples/tiny.toml"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "tiny"
    run = mtjax("run", TINY, "--out", out)
    assert run.returncode == 0, run.stderr
    return out, run


@pytest.mark.slow
def test_a_run_leaves_what_the_readme_says(finished):
    out, run = finished
    names = "config.toml provenance.json levels.h5 switching.h5 fits.h5 iris.h5 iris.json"
    names += " code.json truth.json summary.txt summary.json"
    names += " switching.png levels.png learning.png sensitivities.png"
    assert set(names.split()) <= {file.name for file in out.iterdir()}
    assert (out / "summary.txt").read_text() in run.stdout


@pytest.mark.slow
def test_the_reverse_pass_is_the_derivative_of_the_code(finished):
    rows = json.loads((finished[0] / "code.json").read_text())
    assert len(rows) == 1
    assert all(row["relative_error"] < 1e-4 for row in rows)
    assert all(np.isfinite(row["reverse"]) and row["reverse"] != 0 for row in rows)


@pytest.mark.slow
def test_the_same_configuration_is_read_and_gives_the_same_summary(finished):
    out, run = finished
    before = (out / "levels.h5").stat().st_mtime_ns
    again = mtjax("run", out / "config.toml", "--out", out)
    assert again.returncode == 0
    assert (out / "levels.h5").stat().st_mtime_ns == before
    assert (
        again.stdout.split("holds the files")[0] == run.stdout.split("holds the files")[0]
    )


@pytest.mark.slow
def test_another_directory_gets_the_same_numbers(finished, tmp_path):
    run = mtjax("run", TINY, "--out", tmp_path / "second")
    assert run.returncode == 0, run.stderr
    first, second = (out / "summary.json" for out in (finished[0], tmp_path / "second"))
    assert second.read_text() == first.read_text()


@pytest.mark.slow
def test_another_configuration_and_a_truncated_file_are_refused(finished):
    out, _ = finished
    run = mtjax("run", TINY, "sweep.trials=5", "--out", out)
    assert (run.returncode, len(run.stderr.splitlines())) == (2, 1)
    assert "`sweep.trials` is 4 and not 5; choose another `--out`" in run.stderr
    content = (out / "levels.h5").read_bytes()
    (out / "levels.h5").write_bytes(content[: len(content) // 2])
    run = mtjax("run", TINY, "--out", out)
    (out / "levels.h5").write_bytes(content)
    assert run.returncode == 2
    assert run.stderr.startswith(f"`{out / 'levels.h5'}` must be a whole file of this run")
    assert "Traceback" not in run.stderr
