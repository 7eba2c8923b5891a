"""The command `mtjax data fetch`."""

import os
import pathlib
import sys


def fetch(*names: str, out: pathlib.Path | None = None) -> None:
    """Downloads data sets to learn from, checks them, and keeps their original files.

    Parameters
    ----------
    names
        mnist, fashion-mnist, cifar-10.
    out
        Where to make a folder for each; by default the directory that MTJAX_DATA names,
        else mtjax-data. Files that are there and right are not downloaded again.
    """
    from mtjax import data

    from ._progress import stage
    from ._tree import BadInput

    if not names:
        raise BadInput("`names` must name data sets: mnist, fashion-mnist, cifar-10.")
    directory = out or pathlib.Path(os.environ.get("MTJAX_DATA") or "mtjax-data")
    for name in names:
        try:
            with stage(f"Fetching {name}") as progress:
                folder = data.fetch(name, directory, progress=progress)
        except data.FileError as error:
            print(error, file=sys.stderr)
            sys.exit(1)
        except ValueError as error:
            raise BadInput(str(error)) from error
        print(f"{folder}/ holds {name}.")
    if os.environ.get("MTJAX_DATA") != str(directory):
        print(f"Say so to mtjax: export MTJAX_DATA={directory.resolve()}")
