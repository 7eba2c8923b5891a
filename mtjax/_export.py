"""What `mtjax export` does: a junction as files that circuit simulators read."""

import pathlib
import re

import equinox as eqx
import jax.numpy as jnp

from mtjax import compact, data
from mtjax.data import State

from ._config import Config
from ._directory import open_run, write_whole
from ._tree import BadInput


class Exported(eqx.Module):
    """What is exported: the typical junction, and how junctions differ."""

    name: str = eqx.field(static=True)
    model: compact.SwitchingJunction
    variation: compact.Variation


def preset(fit: pathlib.Path | None) -> Exported:
    """The stand-in, or that with the switching of a fitted macrospin."""
    junction, variation = compact.presets.switching_junction(), compact.presets.variation()
    exported = Exported("mtj", junction, variation)
    if fit is None:
        return exported
    path = fit / "fit.h5" if fit.is_dir() else fit
    fitted = _fitted(path)
    known = exported.model.switching
    names = ["stability", "relaxation", "stray"]
    names += [
        f"critical_from_{short}"
        for short, state in (("p", State.PARALLEL), ("ap", State.ANTIPARALLEL))
        if state in fitted.directions
    ]
    switching = eqx.tree_at(
        lambda s: [getattr(s, name) for name in names],
        known,
        [getattr(fitted, name) for name in names],
    )
    return eqx.tree_at(lambda e: e.model.switching, exported, switching)


def _fitted(path: pathlib.Path) -> compact.MacrospinSwitching:
    """The model of a fit; which start states it has is tried, never executed."""
    both = (State.PARALLEL, State.ANTIPARALLEL)
    zeros = {name: jnp.ones(()) for name in data.quantities(compact.MacrospinSwitching)}
    zeros["stray"] = jnp.zeros(())
    problem = ""
    for directions in (both, both[:1], both[1:]):
        like = {"model": compact.MacrospinSwitching(directions, **zeros)}
        try:
            return data.load(path, like)["model"]
        except data.FileError as error:
            problem = problem or str(error)
    raise BadInput(f"`{path}` must be a fit of the macrospin: {problem}")


def run(config: Config[Exported], out: pathlib.Path) -> str:
    """Writes the files; the same configuration writes the same ones."""
    tree, name = config.tree, config.tree.name
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name):
        raise BadInput(f"`name` must be a word in lower case, got {name!r}.")
    texts = {
        f"{name}.va": compact.verilog_a(tree.model, name=name),
        f"{name}.lib": compact.ngspice(tree.model, name=name),
        f"{name}_corners.lib": compact.corners(tree.variation, name=name),
    }
    with open_run(out, config) as directory:
        for file, text in texts.items():
            write_whole(directory.path / file, text)
        return f"{directory.path}/ holds {', '.join(texts)}."
