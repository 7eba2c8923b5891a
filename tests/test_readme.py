"""What the README says, as a user would try it: none of the settings of the tests."""

import re
import subprocess
import sys

import pytest

from .test_packaging import ROOT


README = (ROOT / "README.md").read_text()
(SNIPPET,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
X64 = 'jax.config.update("jax_enable_x64", True)\n'


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_the_snippet_is_the_example():
    assert (ROOT / "examples/fifteen_lines.py").read_text() == SNIPPET


@pytest.mark.slow
def test_the_snippet_runs_as_printed():
    run = python(SNIPPET)
    assert (run.returncode, run.stderr) == (0, "")
    assert "GranularJunction.grain.k_u " in run.stdout


def test_the_snippet_without_its_x64_line_says_what_to_add():
    assert X64 in SNIPPET
    run = python(SNIPPET.replace(X64, ""))
    assert run.returncode == 1
    line = "`jax.config.update('jax_enable_x64', True)`"
    assert re.search(
        f"^ValueError: .* needs float64: add {re.escape(line)}", run.stderr, re.M
    )


def test_there_is_one_command_to_run_and_one_to_test():
    commands = re.findall(r"```bash\n(python3 -m venv .*)\n```", README)
    assert [c.endswith("mtjax run") for c in commands] == [True, False]
    assert "pytest" in commands[1]
