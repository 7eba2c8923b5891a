"""The command as a user types it, in a process of its own."""

import subprocess
import sys

import pytest

from mtjax import __version__


def mtjax(*arguments, **options):
    command = [sys.executable, "-m", "mtjax", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **options)


@pytest.mark.parametrize("arguments", (["--help"], ["info", "--help"], ["--version"]))
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


@pytest.mark.parametrize("arguments", (["rnu"], ["info", "--oot", "x"]))
def test_an_unknown_command_or_option_is_asked_wrongly(arguments):
    run = mtjax(*arguments)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
