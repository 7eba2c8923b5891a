import contextlib
import hashlib
import http.client
import io
import os
import pathlib
import tarfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable

from ._atomic import FileError, write_atomically
from ._images import ImageSet, Original, read_original, SETS


_LIMIT = 400 * 2**20  # bytes; the largest file is 170 MB
_TIMEOUT = 30.0  # seconds without a byte


def fetch(
    name: str,
    directory: str | os.PathLike,
    *,
    base_url: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pathlib.Path:
    """Downloads the original files of a data set, and returns the folder they are in.

    A file is kept only if its content has the published checksum; files that are there
    and right are not downloaded again.

    **Arguments:**

    - `name`: `"mnist"`, `"fashion-mnist"` or `"cifar-10"`.
    - `directory`: The folder to make a folder `name` in, for `images`.
    - `base_url`: Where the files are, instead of the published addresses.
    - `progress`: Called with the number of files done and of all files.
    """
    if name not in SETS:
        raise ValueError(f"`name` must be one of {', '.join(SETS)}, got {name!r}.")
    source = SETS[name]
    folder = pathlib.Path(directory) / source.folders[0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"`{folder}` could not be made: {error.strerror}.") from None
    addresses = (base_url,) if base_url else source.addresses
    report = progress or (lambda done, total: None)
    done, total = 0, len(source.files)
    report(done, total)
    if source.archive is None:
        for file in source.files:
            _one(file, folder, addresses)
            done += 1
            report(done, total)
    elif not all(_is_there(folder, file) for file in source.files):
        _archive(source, folder, addresses)
    report(total, total)
    return folder


def _is_there(folder: pathlib.Path, file: Original) -> bool:
    for suffix in ("", ".gz", ".xz"):
        path = folder / (file.name + suffix)
        if path.is_file():
            with contextlib.suppress(FileError):
                read_original(path, file)
                return True
    return False


def _one(file: Original, folder: pathlib.Path, addresses: tuple[str, ...]) -> None:
    if _is_there(folder, file):
        return
    name = f"{file.name}.gz"
    packed, url = _download(name, addresses)
    # Under its final name it would be trusted: look at it under another one first.
    trial = folder / f".{name}.part.gz"
    write_atomically(trial, packed)
    try:
        read_original(trial, file)
    except FileError as error:
        text = str(error).replace(f"`{trial}`", f"`{url}`")
        raise FileError(text) from None
    else:
        write_atomically(folder / name, packed)
    finally:
        trial.unlink(missing_ok=True)


def _archive(source: ImageSet, folder: pathlib.Path, addresses: tuple[str, ...]) -> None:
    assert source.archive is not None
    name, digest, inside = source.archive
    packed, url = _download(name, addresses)
    if hashlib.md5(packed, usedforsecurity=False).hexdigest() != digest:
        raise FileError(f"`{url}` must be the file as published, its checksum differs.")
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        for file in source.files:
            member = archive.extractfile(f"{inside}/{file.name}")
            assert member is not None
            write_atomically(folder / file.name, member.read())


def _download(name: str, addresses: tuple[str, ...]) -> tuple[bytes, str]:
    """The bytes from the first address that has them, and which that was."""
    reasons = []
    for address in addresses:
        url = f"{address.rstrip('/')}/{name}"
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer:
                content = answer.read(_LIMIT + 1)
                length = answer.headers.get("Content-Length")
            if len(content) > _LIMIT or (length and len(content) != int(length)):
                reasons.append(f"{url}: {len(content)} bytes of {length or 'too many'}")
                continue
            return content, url
        except urllib.error.HTTPError as error:
            reasons.append(f"{url}: {error.code} {error.reason}")
            error.close()
        except (OSError, http.client.HTTPException, ValueError, zlib.error) as error:
            reason = getattr(error, "reason", None) or error
            reasons.append(f"{url}: {reason}")
    raise FileError(
        f"`{name}` could not be downloaded ({'; '.join(reasons)}): with a network, try "
        "again, or copy it there by hand."
    )
