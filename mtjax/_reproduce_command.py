"""The command `mtjax reproduce`. Nothing here imports jax before it is needed."""

import pathlib
from typing import Annotated

from cyclopts import Parameter


def reproduce(
    name: str | None = None,
    /,
    *,
    out: pathlib.Path | None = None,
    quick: Annotated[bool, Parameter(negative=())] = False,
    every: Annotated[bool, Parameter(name="--all", negative=())] = False,
    seed: int = 0,
) -> None:
    """Reproduces a published system step by step; without a name, lists them.

    Writes the numbers of each step as HDF5, figures, a table, `result.json` and a page.
    The same command goes on after the last finished step.

    Parameters
    ----------
    name
        Which system.
    out
        Directory of the run, by default mtjax-NAME. One with another configuration is
        refused.
    quick
        Small sizes: at most two minutes on two cores.
    every
        All of them, each in a directory below `--out`, with one table at the end.
    seed
        Of devices, trials and networks; splits of data sets are fixed.
    """
    import jax

    jax.config.update("jax_enable_x64", True)

    from . import _reproduce
    from ._tree import BadInput

    if name is not None and every:
        raise BadInput(f"There must be a name or `--all`, got both ({name} and --all).")
    if name is None and not every and (quick or out is not None or seed):
        raise BadInput("There must be a name or `--all` beside other options, got none.")
    if not 0 <= seed < 2**32:
        raise BadInput(f"`--seed` must be from 0 to 2**32 - 1, got {seed}.")
    if out is not None and out.exists() and not out.is_dir():
        raise BadInput(f"`--out` must be a directory or a new one, got the file {out}.")
    if every:
        print(_reproduce.every(out or pathlib.Path("mtjax-papers"), quick, seed))
    elif name is None:
        print(_reproduce.listed())
    else:
        paper = _reproduce.named(name)
        print(
            _reproduce.one(paper, out or pathlib.Path(f"mtjax-{paper.name}"), quick, seed)
        )
