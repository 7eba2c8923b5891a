import os
import pathlib
import tempfile


class FileError(ValueError):
    """A file that cannot be read or written, in one sentence that names it."""


def write_atomically(path: str | os.PathLike, content: bytes | memoryview) -> None:
    """Writes `content` to `path`; a reader, or a crash, sees the file before or after.

    The bytes go to a hidden temporary file in the same folder, to the disk, and only
    then take the name. If anything fails, what was at `path` is still there.
    """
    path = pathlib.Path(path)
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=".tmp", dir=path.parent
        )
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), 0o666 & ~_umask())
            os.fsync(file.fileno())
        if path.is_dir():
            raise IsADirectoryError(21, "Is a directory")
        os.replace(temporary, path)
        temporary = None
        _sync_folder(path.parent)
    except OSError as error:
        kept = " (what was there is untouched)" if path.exists() else ""
        raise FileError(
            f"`{path}` could not be written: {error.strerror or error}{kept}."
        ) from None
    finally:
        if temporary is not None:
            pathlib.Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _sync_folder(folder: pathlib.Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
