import functools
import gzip
import hashlib
import http.server
import importlib
import io
import lzma
import os
import pathlib
import tarfile
import threading
import urllib.request

import numpy as np
import pytest

from mtjax import data


_fetch = importlib.import_module("mtjax.data._fetch")
_images = importlib.import_module("mtjax.data._images")
BESIDE = pathlib.Path(__file__).resolve().parents[3] / "shared/datasets"
SHARED = pathlib.Path(os.environ.get("MTJAX_DATA", BESIDE))


def idx(shape, seed):
    values = np.random.default_rng(seed).integers(0, 10, shape, dtype=np.uint8)
    header = np.array([0x800 + len(shape), *shape], ">u4").tobytes()
    return header + values.tobytes(), values


def digest(content, kind="md5"):
    return hashlib.new(kind, content, usedforsecurity=False).hexdigest()


@pytest.fixture
def small(monkeypatch):
    """Stand-ins with the formats of the originals and a few images; name -> content."""
    content = {
        "train-images-idx3-ubyte": idx((6, 28, 28), 0)[0],
        "train-labels-idx1-ubyte": idx((6,), 1)[0],
        "t10k-images-idx3-ubyte": idx((3, 28, 28), 2)[0],
        "t10k-labels-idx1-ubyte": idx((3,), 3)[0],
    }
    files = tuple(_images.Original(n, len(c), digest(c)) for n, c in content.items())
    mnist = _images.SETS["mnist"]
    monkeypatch.setitem(_images.SETS, "mnist", replaced(mnist, files=files))
    records = np.random.default_rng(4).integers(0, 10, (6, 2, 3073), dtype=np.uint8)
    names = [file.name for file in _images.SETS["cifar-10"].files]
    batches = {n: r.tobytes() for n, r in zip(names, records, strict=True)}
    files = tuple(
        _images.Original(n, len(c), digest(c, "sha1")) for n, c in batches.items()
    )
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, batch in batches.items():
            member = tarfile.TarInfo(f"inside/{name}")
            member.size = len(batch)
            archive.addfile(member, io.BytesIO(batch))
    content["c.tar.gz"] = packed.getvalue()
    cifar = replaced(
        _images.SETS["cifar-10"],
        files=files,
        archive=("c.tar.gz", digest(content["c.tar.gz"]), "inside"),
    )
    monkeypatch.setitem(_images.SETS, "cifar-10", cifar)
    return content | batches


def replaced(source, **changes):
    return _images.ImageSet(**(vars(source) | changes))


@pytest.mark.parametrize(
    "pack, suffix", ((bytes, ""), (gzip.compress, ".gz"), (lzma.compress, ".xz"))
)
@pytest.mark.parametrize("folder", ("mnist", "."))
def test_idx_files_are_read_in_every_form(
    small, pack, suffix, folder, tmp_path, monkeypatch
):
    (tmp_path / folder).mkdir(exist_ok=True)
    for name, content in small.items():
        (tmp_path / folder / (name + suffix)).write_bytes(pack(content))
    task = data.images("mnist", tmp_path)
    assert task.train.x.shape == (6, 28, 28)
    assert task.train.x.dtype == np.float32
    np.testing.assert_array_equal(task.train.x * 255, idx((6, 28, 28), 0)[1])
    np.testing.assert_array_equal(task.test.y, idx((3,), 3)[1])
    monkeypatch.setenv("MTJAX_DATA", str(tmp_path))
    short = data.learning("mnist", limit=2)
    np.testing.assert_array_equal(short.train.x, task.train.x[:2])
    assert short.test.flat().x.shape == (2, 784)


def test_cifar_records_are_label_then_red_green_blue(small, tmp_path):
    for name, content in small.items():
        (tmp_path / name).write_bytes(content)
    task = data.images("cifar-10", tmp_path)
    assert task.train.x.shape == (10, 3, 32, 32)
    record = np.frombuffer(small["data_batch_2.bin"], np.uint8).reshape(2, 3073)[1]
    assert task.train.y[3] == record[0]
    assert task.train.x[3, 1, 2, 5] * 255 == record[1 + 1024 + 2 * 32 + 5]
    short = data.images("cifar-10", tmp_path, limit=3)
    np.testing.assert_array_equal(short.train.x, task.train.x[:3])


def test_wrong_files_are_one_sentence(small, tmp_path, monkeypatch):
    monkeypatch.delenv("MTJAX_DATA", raising=False)
    with pytest.raises(data.FileError, match=r"`directory` must name the .* MTJAX"):
        data.images("mnist")
    with pytest.raises(data.FileError, match="must hold `mnist/train-images-idx3-ubyte`"):
        data.images("mnist", tmp_path)
    for name, content in small.items():
        (tmp_path / name).write_bytes(content)
    path = tmp_path / "train-images-idx3-ubyte"
    good = small[path.name]
    for content, sentence in (
        (good[:-1], "must have 4720 bytes of content, it has 4719"),
        (good + b"x", "must have 4720 bytes of content, it has more than 4720"),
        (good[:-1] + b"\xff", "must be the file as published, its checksum differs"),
    ):
        path.write_bytes(content)
        with pytest.raises(data.FileError, match=sentence):
            data.images("mnist", tmp_path)
    path.unlink()
    for suffix in (".gz", ".xz"):
        packed = {".gz": gzip, ".xz": lzma}[suffix].compress(good)
        for content in (packed[:-20], b"rubbish", b""):
            (tmp_path / (path.name + suffix)).write_bytes(content)
            with pytest.raises(data.FileError, match=r"must be a whole|must have 4720"):
                data.images("mnist", tmp_path)
        (tmp_path / (path.name + suffix)).unlink()


@pytest.mark.parametrize(
    "call, sentence",
    (
        (lambda: data.images("mnits"), "`name` must be one of mnist, fashion-mnist"),
        (lambda: data.images("mnist", "x", limit=0), "`limit` must be >= 1, got 0"),
        (lambda: data.learning("mnist", seed=1), "must be left out: mnist comes split"),
        (lambda: data.learning("iris", limit=1), "must be left out: iris is a table"),
        (lambda: data.fetch("iris", "x"), "`name` must be one of mnist"),
    ),
)
def test_wrong_arguments_are_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


class Quiet(http.server.SimpleHTTPRequestHandler):
    asked: list[str]

    def log_message(self, format, *args):
        self.asked.append(self.path)


@pytest.fixture
def server(tmp_path):
    """A local server of the folder `served`; yields its address and what was asked."""
    (tmp_path / "served").mkdir()
    handler = type("Handler", (Quiet,), {"asked": []})
    folder = str(tmp_path / "served")
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(handler, directory=folder)
    ) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", handler.asked
        running.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(urllib.request, "_opener", None)


def test_fetched_files_are_whole_and_fetched_once(small, server, tmp_path):
    address, asked = server
    for name, content in small.items():
        packed = content if name == "c.tar.gz" else gzip.compress(content)
        suffix = "" if name == "c.tar.gz" else ".gz"
        (tmp_path / "served" / (name + suffix)).write_bytes(packed)
    steps = []
    folder = data.fetch(
        "mnist", tmp_path, base_url=address, progress=lambda *x: steps.append(x)
    )
    assert folder == tmp_path / "mnist"
    assert steps[0] == (0, 4)
    assert steps[-1] == (4, 4)
    assert len(data.images("mnist", tmp_path).train) == 6
    assert len(asked) == 4
    data.fetch("mnist", tmp_path, base_url=address)
    assert len(asked) == 4
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(b"damaged")
    data.fetch("mnist", tmp_path, base_url=address)
    assert len(asked) == 5
    data.fetch("cifar-10", tmp_path, base_url=address)
    assert len(data.images("cifar-10", tmp_path).test) == 2


def test_a_wrong_download_is_refused_and_not_kept(small, server, tmp_path):
    address, _ = server
    wrong = small["train-images-idx3-ubyte"][:-1] + b"\xff"
    path = tmp_path / "served/train-images-idx3-ubyte.gz"
    for content, sentence in (
        (gzip.compress(wrong), "its checksum differs"),
        (b"<html>", "must be a whole"),
    ):
        path.write_bytes(content)
        with pytest.raises(data.FileError, match=f"`{address}/train-.*{sentence}"):
            data.fetch("mnist", tmp_path, base_url=address)
        assert not list((tmp_path / "mnist").iterdir())
    (tmp_path / "served/c.tar.gz").write_bytes(b"x")
    with pytest.raises(data.FileError, match=f"`{address}/c.tar.gz` must be the file as"):
        data.fetch("cifar-10", tmp_path, base_url=address)


def test_no_network_is_one_sentence(small, server, tmp_path, monkeypatch):
    address, _ = server
    with pytest.raises(data.FileError, match=r"could not be .*404 File not found.*by hand"):
        data.fetch("mnist", tmp_path, base_url=address)
    monkeypatch.setattr(_fetch, "_TIMEOUT", 1.0)
    with pytest.raises(data.FileError, match=r"could not be .*Connection refused"):
        data.fetch("mnist", tmp_path, base_url="http://127.0.0.1:1")
    with pytest.raises(data.FileError, match=r"could not be .*unknown url type"):
        data.fetch("mnist", tmp_path, base_url="nonsense")


@pytest.mark.skipif(not SHARED.exists(), reason="the original files are not here")
def test_the_original_mnist_is_read():
    task = data.images("mnist", SHARED, limit=100)
    assert task.train.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert task.test.y[:5].tolist() == [7, 2, 1, 0, 4]


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the original files are not here")
def test_the_original_cifar_is_read():
    task = data.images("cifar-10", SHARED)
    assert task.train.x.shape == (50_000, 3, 32, 32)
    assert np.bincount(task.test.y).tolist() == [1000] * 10
