"""Laws of the whole package that are read off the sources."""

import ast
import pathlib

import pytest

from .test_packaging import FOLDERS, ROOT


ALLOWED = {
    "data": set(),
    "llg": {"data"},
    "compact": {"data"},
    "crossbar": {"data", "compact"},
    "training": {"data", "compact", "crossbar"},
    "mtjax": {"data", "llg", "compact", "crossbar", "training"},
}
FILES = sorted(
    path for folder in (*FOLDERS, "mtjax") for path in (ROOT / folder).rglob("*.py")
)


def folder_of(module: str) -> str | None:
    """The folder that holds `mtjax.llg._x`; the face holds `mtjax._cli`."""
    first, *rest = module.split(".")
    if first != "mtjax":
        return None
    return rest[0] if rest and rest[0] in ALLOWED else "mtjax"


def imported(path: pathlib.Path) -> set[str]:
    """The folders that a source imports from, anywhere in it."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    package = list(parts[:-1]) if parts[0] == "mtjax" else ["mtjax", *parts[:-1]]
    modules = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*start, *filter(None, [node.module])])
            modules += [f"{module}.{alias.name}" for alias in node.names]
    return {found for found in map(folder_of, modules) if found is not None}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_layers_import_downwards_only(path):
    folder, *below = path.relative_to(ROOT).parts
    if folder == "training" and below[0] == "papers":
        return  # a paper is reproduced with all of the package
    assert imported(path) <= ALLOWED[folder] | {folder}


def test_the_reading_of_imports_is_right(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "compact").mkdir()
    path = tmp_path / "compact/_fit.py"
    for line, folder in (
        ("from ..llg import Macrospin", "llg"),
        ("from .. import llg", "llg"),
        ("import mtjax.llg as llg", "llg"),
        ("from mtjax import __version__", "mtjax"),
        ("from ..data._x64 import require_x64", "data"),
        ("from ._model import Model", "compact"),
        ("def f():\n    from ..training import train", "training"),
    ):
        path.write_text(line)
        assert imported(path) == {folder}


def alternatives(annotation: ast.expr) -> set[str]:
    """The names in `float | None`; a container of floats is a record, not a number."""
    if isinstance(annotation, ast.BinOp):
        return alternatives(annotation.left) | alternatives(annotation.right)
    return {ast.unparse(annotation)}


def bare_floats(source: str) -> list[str]:
    """Fields of modules that are `float`, and not static on purpose (a tolerance)."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ClassDef) or not node.bases:
            continue  # modules have bases; a plain dataclass is no pytree
        for line in node.body:
            if isinstance(line, ast.AnnAssign) and "static=True" not in ast.unparse(line):
                if {"float", "complex"} & alternatives(line.annotation):
                    found.append(f"{node.name}.{ast.unparse(line.target)}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_field_is_a_bare_float(path):
    """A `float` field of a module has no gradient, and retraces for every value."""
    assert bare_floats(path.read_text()) == []


def test_the_reading_of_fields_is_right():
    source = """
class Spin(eqx.Module):
    alpha: float
    beta: float | None = None
    gamma: Scalar = quantity("1")
    tolerance: float = eqx.field(static=True, default=1e-6)
    curve: tuple[float, ...]
"""
    assert bare_floats(source) == ["Spin.alpha", "Spin.beta"]
