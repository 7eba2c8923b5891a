"""Layout, lint and types are clean."""

import subprocess
import sys

import pytest

from .test_packaging import ROOT


@pytest.mark.parametrize(
    "command",
    (
        ("ruff", "format", "--check", "."),
        ("ruff", "check", "."),
        ("pyright", "--pythonpath", sys.executable),
    ),
    ids=lambda command: " ".join(command[:2]),
)
def test_clean(command):
    run = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
