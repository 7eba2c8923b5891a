"""The safetensors format: a length, a header in JSON, then the numbers as they are."""

import json
import os
from collections.abc import Mapping

import numpy as np


TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip


def write_safetensors(path: str | os.PathLike, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes named arrays; little-endian, rows first."""
    names = {np.dtype(code): name for name, code in TYPES.items()}
    header, parts, begin = {}, [], 0
    for name, array in arrays.items():
        little = array.astype(array.dtype.newbyteorder("<"))
        if little.dtype not in names:
            raise ValueError(
                f"`{name}` must be of a type of safetensors, is {array.dtype}."
            )
        part = np.ascontiguousarray(little).tobytes()
        header[name] = {
            "dtype": names[little.dtype],
            "shape": list(array.shape),
            "data_offsets": [begin, begin + len(part)],
        }
        parts.append(part)
        begin += len(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the numbers begin at a multiple of 8
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(parts))


def read_safetensors(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The named arrays of a file; one that is cut short or foreign is refused."""
    with open(path, "rb") as file:
        content = file.read()
    size = int.from_bytes(content[:8], "little")
    try:
        header = json.loads(content[8 : 8 + size])
        header.pop("__metadata__", None)
        return {name: _array(content[8 + size :], entry) for name, entry in header.items()}
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"`path` must be a safetensors file, {path} is none.") from error


def _array(numbers: bytes, entry: dict) -> np.ndarray:
    begin, end = entry["data_offsets"]
    array = np.frombuffer(numbers[begin:end], TYPES[entry["dtype"]])
    return array.reshape(entry["shape"])
