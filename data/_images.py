"""MNIST, Fashion-MNIST and CIFAR-10 from their original files, checked by content."""

import dataclasses
import gzip
import hashlib
import lzma
import os
import pathlib
import zlib

import jax.numpy as jnp
import numpy as np

from ._atomic import FileError
from ._examples import Examples, Learning


@dataclasses.dataclass(frozen=True)
class Original:
    """One original file: its name, length and published checksum (MD5, or SHA-1).

    Of the images of Fashion-MNIST the checksum published is that of the gzip file; they
    are compared as gzip files, and by length and header if they come in another form.
    """

    name: str
    length: int
    digest: str = ""
    gzip_digest: str = ""


@dataclasses.dataclass(frozen=True)
class ImageSet:
    """Where a data set is published, and what its files are."""

    folders: tuple[str, ...]  # names it usually has on disk
    shape: tuple[int, ...]  # of one image
    classes: tuple[str, ...]
    files: tuple[Original, ...]  # all training files, then the test files
    addresses: tuple[str, ...]  # in the order to try
    archive: tuple[str, str, str] | None = None  # name, MD5, folder inside


def _idx(*digests: str, of_gzip: str = "") -> tuple[Original, ...]:
    names = (
        "train-images-idx3",
        "train-labels-idx1",
        "t10k-images-idx3",
        "t10k-labels-idx1",
    )
    lengths = (16 + 60_000 * 784, 8 + 60_000, 16 + 10_000 * 784, 8 + 10_000)
    return tuple(
        Original(f"{name}-ubyte", length, "", digest)
        if "images" in name and of_gzip == "images"
        else Original(f"{name}-ubyte", length, digest)
        for name, length, digest in zip(names, lengths, digests, strict=True)
    )


def _batches(*digests: str) -> tuple[Original, ...]:
    names = (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin")
    return tuple(Original(n, 10_000 * 3073, d) for n, d in zip(names, digests, strict=True))


SETS = {
    "mnist": ImageSet(
        folders=("mnist", "MNIST", "MNIST/raw"),
        shape=(28, 28),
        classes=tuple("0123456789"),
        files=_idx(
            "6bbc9ace898e44ae57da46a324031adb",
            "a25bea736e30d166cdddb491f175f624",
            "2646ac647ad5339dbf082846283269ea",
            "27ae3e4e09519cfbb04c329615203637",
        ),
        addresses=(
            "https://ossci-datasets.s3.amazonaws.com/mnist",
            "http://yann.lecun.com/exdb/mnist",
        ),
    ),
    "fashion-mnist": ImageSet(
        folders=("fashion-mnist", "fashion", "FashionMNIST", "FashionMNIST/raw"),
        shape=(28, 28),
        classes=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        files=_idx(
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "9018921c3c673c538a1fc5bad174d6f9",
            "bef4ecab320f06d8554ea6380940ec79",
            "15d484375f8d13e6eb1aabb0c3f46965",
            of_gzip="images",
        ),
        addresses=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",),
    ),
    "cifar-10": ImageSet(
        folders=("cifar-10", "cifar-10-batches-bin", "cifar10"),
        shape=(3, 32, 32),
        classes=(
            *("airplane", "automobile", "bird", "cat", "deer"),
            *("dog", "frog", "horse", "ship", "truck"),
        ),
        files=_batches(
            "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
            "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
            "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
            "aab85764eb3584312d3c7f65fd2fd016e36a258e",
            "26e2849e66a845b7f1e4614ae70f4889ae604628",
            "67eb016db431130d61cd03c7ad570b013799c88c",
        ),
        addresses=("https://www.cs.toronto.edu/~kriz",),
        archive=(
            "cifar-10-binary.tar.gz",
            "c32a1d4ab5d03f1284b67883e8d87530",
            "cifar-10-batches-bin",
        ),
    ),
}
_OPEN = {"": open, ".gz": gzip.open, ".xz": lzma.open}


def images(
    name: str, directory: str | os.PathLike | None = None, *, limit: int | None = None
) -> Learning:
    """The official training and test images of a data set, as pixels from 0 to 1.

    **Arguments:**

    - `name`: `"mnist"`, `"fashion-mnist"` (`x` of shape `(rows, 28, 28)`) or `"cifar-10"`
      (`(rows, 3, 32, 32)`: red, green, blue).
    - `directory`: The folder with the original files (plain, `.gz` or `.xz`), or one above
      it; by default the environment variable `MTJAX_DATA`. `fetch` fills it.
    - `limit`: Only the first rows of each part, in the original order.
    """
    if name not in SETS:
        raise ValueError(f"`name` must be one of {', '.join(SETS)}, got {name!r}.")
    if limit is not None and limit < 1:
        raise ValueError(f"`limit` must be >= 1, got {limit}.")
    source = SETS[name]
    found = _find(name, source, directory)
    first = 2 if source.archive is None else 5
    parts = source.files[:first], source.files[first:]
    return Learning(*(_examples(source, part, found, limit) for part in parts))


def _examples(source, files, found, limit) -> Examples:
    blobs, rows = [], 0
    for file in files:
        if source.archive is not None and limit is not None and rows >= limit:
            break
        blobs.append(np.frombuffer(read_original(found[file.name], file), np.uint8))
        rows += file.length // 3073
    if source.archive is None:
        x = blobs[0][16:].reshape(-1, *source.shape)[:limit]
        y = blobs[1][8:][:limit]
    else:
        records = np.concatenate(blobs).reshape(-1, 3073)[:limit]
        x, y = records[:, 1:].reshape(-1, *source.shape), records[:, 0]
    pixels = jnp.asarray(x.astype(np.float32) / np.float32(255))
    return Examples(source.classes, pixels, jnp.asarray(y.astype(int)))


def _find(name, source, directory) -> dict[str, pathlib.Path]:
    """The path of each original file, in whichever form it is there."""
    directory = directory or os.environ.get("MTJAX_DATA")
    if not directory:
        raise FileError(
            f"`directory` must name the folder with the files of {name}, or the "
            "environment variable MTJAX_DATA must."
        )
    root = pathlib.Path(directory)
    # A folder of its own first: MNIST and Fashion-MNIST have the same file names.
    found = {}
    for file in source.files:
        places = [root / f / (file.name + s) for f in (*source.folders, ".") for s in _OPEN]
        there = [place for place in places if place.is_file()]
        if not there:
            raise FileError(
                f"`{root}` must hold `{source.folders[0]}/{file.name}` (plain, .gz or .xz) "
                f"of {name}, it does not; `mtjax data fetch {name}` downloads it."
            )
        found[file.name] = there[0]
    return found


def read_original(path: pathlib.Path, file: Original) -> bytes:
    """The content of the file, if it is the one published; memory is bounded by it."""
    try:
        with _OPEN.get(path.suffix, open)(path, "rb") as stream:
            content = stream.read(file.length + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise FileError(
            f"`{path}` must be a whole {path.suffix or 'plain'} file, it is not ({error})."
        ) from None
    if len(content) != file.length:
        more = "more than " if len(content) > file.length else ""
        raise FileError(
            f"`{path}` must have {file.length} bytes of content, it has {more}"
            f"{min(len(content), file.length)}."
        )
    agrees = True
    if file.digest:
        kind = "md5" if len(file.digest) == 32 else "sha1"
        agrees = (
            hashlib.new(kind, content, usedforsecurity=False).hexdigest() == file.digest
        )
    elif path.suffix == ".gz":
        packed = path.read_bytes()
        digest = hashlib.md5(packed, usedforsecurity=False).hexdigest()
        agrees = digest == file.gzip_digest
    if not agrees:
        raise FileError(f"`{path}` must be the file as published, its checksum differs.")
    magic = b"\0\0\x08" + bytes([3 if "idx3" in file.name else 1])
    if "idx" in file.name and content[:4] != magic:
        raise FileError(f"`{path}` must be an IDX file of bytes, its header differs.")
    return content
