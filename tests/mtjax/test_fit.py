"""`mtjax fit`, `mtjax export` and `mtjax data fetch`, as a new user tries them."""

import gzip
import json

import equinox as eqx
import h5py
import jax.random as jr
import numpy as np
import pytest

import mtjax.data as data
from mtjax._data_command import fetch
from mtjax._export_command import export
from mtjax._fit_command import fit
from mtjax._tree import BadInput
from mtjax.data import _images  # pyright: ignore[reportAttributeAccessIssue]

from ..compact.test_fit import levels
from ..data.test_images import server, small  # noqa: F401
from ..test_packaging import ROOT
from .test_cli import mtjax


# Counts drawn from a macrospin with stability 45, thresholds .5 and .4 V and relaxation
# .9 GHz, made a mess of: four devices, gaps, overflows, comments, decimal commas.
MESSY = ROOT / "examples/measured.csv"
COLUMNS = ["device=device", "voltage=Vp", "width=tp", "trials=attempts"]
COLUMNS += ["switched=switched"]
FROM_AP = {"antiparallel": ["direction=AP-P"], "flip": True}


@pytest.mark.slow
def test_a_messy_file_is_fitted_from_the_command_line(tmp_path):
    out = tmp_path / "fit"
    options = ["--flip", "--parallel", "direction=P-AP", "--antiparallel", "direction=AP-P"]
    run = mtjax("fit", MESSY, "--map", *COLUMNS, *options, "--out", out)
    assert run.returncode == 0, run.stderr
    assert "Fit of MacrospinSwitching: It succeeded. chi-square" in run.stdout
    assert "76 rows, 4 device(s), 7 x 3 pulses, 1 left out" in run.stdout
    assert "line 14 has no `switched`" in run.stdout
    found = json.loads((out / "fit.json").read_text())
    truth = {"stability": 45, "critical_from_p": 0.5, "critical_from_ap": 0.4}
    for name, value in (truth | {"relaxation": 0.9e9}).items():
        entry = found["quantities"][name]
        assert abs(entry["value"] - value) < 3 * entry["standard_error"], name
    assert 0.5 < found["chi_square"] / found["degrees"] < 1.6
    names = "config.toml provenance.json fit.h5 fit.txt fit.png residuals.png"
    names += " statistics-parallel.h5 statistics-antiparallel.h5"
    assert set(names.split()) <= {file.name for file in out.iterdir()}
    exported = mtjax("export", "--fit", out, "name=cell", "--out", tmp_path / "cell")
    assert exported.returncode == 0, exported.stderr
    value = found["quantities"]["critical_from_ap"]["value"]
    text = (tmp_path / "cell/cell.va").read_text()
    assert f"parameter real critical_from_ap = {value!r}" in text


def test_one_direction_is_fitted_and_the_directory_is_its_own(tmp_path, capsys):
    asked = {"map": COLUMNS, "out": tmp_path / "fit", "free": ["threshold", "delay"]}
    fit(MESSY, **asked, **FROM_AP)
    told = capsys.readouterr().out
    assert "76 rows" in told
    assert "held" in told.split("steepness")[1].splitlines()[0]
    with h5py.File(tmp_path / "fit/fit.h5") as file:
        assert file.attrs["schema"] == b"mtjax"
        threshold = float(np.asarray(file["model/threshold"]))
    assert f"{threshold:.5g}" in told
    s = data.load(tmp_path / "fit/statistics.h5", data.Switching)
    assert s.pulses.voltage.max() < 0
    before = (tmp_path / "fit/fit.h5").stat().st_mtime_ns
    fit(MESSY, **asked, **FROM_AP)
    assert capsys.readouterr().out == told
    assert (tmp_path / "fit/fit.h5").stat().st_mtime_ns == before
    with pytest.raises(BadInput, match=r"its `free` is .* choose another `--out`"):
        fit(MESSY, **(asked | {"free": ["threshold"]}), **FROM_AP)


@pytest.mark.slow
def test_levels_of_a_run_need_no_map(tmp_path, capsys):
    sample = levels(jr.key(0))
    counts = sample.histogram.astype(int)
    data.save(tmp_path / "levels.h5", eqx.tree_at(lambda s: s.histogram, sample, counts))
    fit(tmp_path / "levels.h5", out=tmp_path / "fit")
    assert "Fit of GranularSynapse: It succeeded." in capsys.readouterr().out
    assert (tmp_path / "fit/fit.png").stat().st_size > 5000


@pytest.mark.parametrize(
    "changes, sentence",
    (
        ({"map": None}, "`--map` must say which column holds what, such as"),
        ({"map": ["voltage"]}, "`--map` must read `NAME=TEXT`, got 'voltage'"),
        ({"map": [*COLUMNS[:4], "switched=k"]}, "must have a column `k`"),
        ({"map": COLUMNS[1:3]}, "`columns` must name voltage, width and either switched"),
        ({"flip": False}, "`voltage` must be < 0 for a pulse to switch .* add `--flip`"),
        (
            {"model": "levels"},
            '`--model` must be "switching" or "macrospin" or',
        ),
        ({"free": ["treshold"]}, "`free` must name scalar quantities of Switching"),
        ({"antiparallel": ["direction=up"]}, "must have rows with all of the values"),
        ({"parallel": ["direction=P-AP"], "model": "switching"}, "must have `--parallel`"),
    ),
)
def test_what_is_asked_wrongly_is_one_sentence(changes, sentence, tmp_path):
    asked = {"map": COLUMNS, "out": tmp_path / "fit"} | FROM_AP | changes
    with pytest.raises(BadInput, match=sentence) as caught:
        fit(MESSY, **asked)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "fit").exists()


def test_a_file_that_is_not_there_is_asked_wrongly(tmp_path):
    with pytest.raises(BadInput, match=r"no\.csv` must be a readable file: No such file"):
        fit(tmp_path / "no.csv")


def test_a_junction_is_exported_with_its_corners(tmp_path, capsys):
    out = tmp_path / "cell"
    export("name=cell", "model.junction.parallel=8 kOhm", out=out)
    assert "holds cell.va, cell.lib, cell_corners.lib" in capsys.readouterr().out
    assert "parameter real parallel = 8000.0" in (out / "cell.va").read_text()
    assert ".subckt cell p n s" in (out / "cell.lib").read_text()
    assert ".lib slow" in (out / "cell_corners.lib").read_text()
    for override, sentence in (
        ("model.junction.tmr=-1", r"`model.junction.tmr` must be >= 0 \[1\], got -1"),
        ("name=Big Cell", "`name` must be a word in lower case, got 'Big Cell'"),
        ("model.junction.tmr=2", "its `name` is 'cell' and not 'mtj'"),
    ):
        with pytest.raises(BadInput, match=sentence):
            export(override, out=out)


def test_data_sets_are_fetched(small, server, tmp_path, monkeypatch, capsys):  # noqa: F811
    address, _ = server
    monkeypatch.setenv("MTJAX_DATA", str(tmp_path / "sets"))
    mnist = vars(_images.SETS["mnist"]) | {"addresses": (address,)}
    monkeypatch.setitem(_images.SETS, "mnist", _images.ImageSet(**mnist))
    with pytest.raises(SystemExit) as caught:
        fetch("mnist")
    assert caught.value.code == 1
    assert "could not be downloaded" in capsys.readouterr().err
    for name, content in small.items():
        (tmp_path / "served" / f"{name}.gz").write_bytes(gzip.compress(content))
    fetch("mnist")
    assert capsys.readouterr().out == f"{tmp_path}/sets/mnist/ holds mnist.\n"
    assert len(data.learning("mnist").train) == 6
    with pytest.raises(BadInput, match=r"`name` must be one of .*, got 'minst'"):
        fetch("minst")
