"""The command as a user types it, in a process of its own."""

import re
import subprocess
import sys

import pytest

from mtjax import __version__

from ..test_packaging import ROOT


QUICKSTART = ROOT / "examples/quickstart.toml"


def mtjax(*arguments, **options):
    command = [sys.executable, "-m", "mtjax", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **options)


@pytest.mark.parametrize(
    "arguments", (["--help"], ["run", "--help"], ["reproduce", "--help"], ["--version"])
)
def test_help_imports_no_jax(arguments):
    code = (
        "import sys; from mtjax._cli import app;"
        f"app({arguments}, result_action='return_none');"
        "assert not {'jax', 'numpy', 'matplotlib'} & set(sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


def test_info_names_versions_and_devices():
    run = mtjax("info")
    assert run.returncode == 0
    assert f"mtjax {__version__}" in run.stdout
    assert "devices: " in run.stdout


@pytest.mark.parametrize("arguments", (["rnu"], ["run", "--oot", "x"]))
def test_an_unknown_command_or_option_is_asked_wrongly(arguments):
    run = mtjax(*arguments)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr


def test_quickstart_is_the_run_without_arguments():
    default, spelled = (
        mtjax("run", "--print-config"),
        mtjax("run", QUICKSTART, "--print-config"),
    )
    plain = lambda text: [line.split("#")[0].rstrip() for line in text.splitlines()]
    assert (default.returncode, default.stderr) == (0, "")
    values = plain(default.stdout)
    assert plain(spelled.stdout) == values
    assert plain(QUICKSTART.read_text())[-len(values) :] == values, "not spelled out"


@pytest.mark.parametrize(
    "override, sentence",
    (
        ("device.alhpa=0.02", "`device.alhpa` is not a key of the configuration"),
        ("device.side=50 kg", "`device.side` must be a number with a unit of [m]"),
        ("device.side=-50 nm", "`device.side` must be > 0 [m], got -5e-08."),
        ("sweep.trials=0", "`sweep.trials` must be >= 1, got 0."),
    ),
)
def test_bad_input_is_one_sentence(override, sentence, tmp_path):
    run = mtjax("run", override, "--out", tmp_path / "run")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(sentence)
    assert len(run.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_a_value_is_overridden_and_its_source_is_named():
    run = mtjax("run", "device.alpha=0.02", "--print-config")
    assert len(re.findall(r"alpha = 0.02 +# \[command line\]", run.stdout)) == 2


def test_estimate_tells_time_and_size():
    assert re.match(r"About \d+ min on .* and \d+ MB", mtjax("run", "--estimate").stdout)
