import functools
import pathlib
import subprocess

from mtjax import data


@functools.cache
def commit() -> str | None:
    """Commit of the git checkout that the package is imported from; none if it is in none.

    A `+` after it says that files differ from the commit.
    """
    root = pathlib.Path(data.__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None
    described = ["git", "-C", str(root), "describe", "--always", "--match=", "--dirty=+"]
    try:
        found = subprocess.run(
            [*described, "--abbrev=12"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()
