"""Digests: of what a kernel is given, and of all rows of a source.

Two runs of one computation give their kernels the same numbers, to the last bit. So a digest of
kernels and parameters tells whether a pass is the one that was made before.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import blake2b
from typing import Any

import array_api_compat
import numpy as np

from pureneuron.devices import to_numpy
from pureneuron.samples.batch import Batch, Leaf, Sum
from pureneuron.samples.protocol import Samples
from pureneuron.typing import AnyArray

__all__ = ["checksum_of_rows", "digest_of"]

_SIZE = 16  # Bytes: nothing is to be kept secret, and no two are to be the same by accident.


def digest_of(*values: Any) -> str:
    """Return a digest of numbers, texts, arrays, functions, and records and containers of these.

    The same in every process: nothing hangs on hashes of Python, or on where things lie in memory.

    Raises
    ------
    TypeError
        If a value is something else, or a function that takes along variables of another: what
        they hold is not in its name.
    """
    state = blake2b(digest_size=_SIZE)
    for value in values:
        _feed(state.update, value)
    return state.hexdigest()


def checksum_of_rows(samples: Samples) -> str:
    """Return a digest of all rows, in order: one pass. How they are cut into batches is all one."""
    sums = samples.reduce(_checksums)
    return digest_of({name: sums[name] for name in sorted(sums)})


def _feed(update: Callable[[Any], None], value: Any) -> None:
    # Each value has its type before it and its length, so that no two texts of bytes coincide.
    if isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
        update(f"array {value.dtype.str} {value.shape} {value.nbytes} ".encode())
        update(np.ascontiguousarray(value).reshape(-1).view(np.uint8))
    elif isinstance(value, Enum):
        update(f"enum {type(value).__qualname__} {value.name} ".encode())
    elif value is None or isinstance(value, bool | int | float | complex | str | bytes | slice):
        text = repr(value).encode()
        update(f"{type(value).__name__} {len(text)} ".encode() + text)
    elif isinstance(value, Mapping):
        update(f"mapping {len(value)} ".encode())
        for key, part in value.items():
            _feed(update, key)
            _feed(update, part)
    elif isinstance(value, tuple | list):
        update(f"{type(value).__name__} {len(value)} ".encode())
        for part in value:
            _feed(update, part)
    elif isinstance(value, functools.partial):
        _feed(update, (value.func, value.args, value.keywords))
    elif is_dataclass(value) and not isinstance(value, type):
        _feed(update, type(value).__qualname__)
        _feed(update, {field.name: getattr(value, field.name) for field in fields(value)})
    elif callable(value) and hasattr(value, "__qualname__"):
        if getattr(value, "__closure__", None):
            raise TypeError(f"{value.__qualname__} is not a function of a module: it has no digest")
        update(f"function {value.__module__} {value.__qualname__} ".encode())
    elif array_api_compat.is_array_api_obj(value) and not isinstance(value, np.ndarray):
        _feed(update, to_numpy(value))
    else:
        raise TypeError(f"a {type(value).__name__} has no digest")


def _checksums(batch: Batch) -> dict[str, Leaf]:
    n = batch.X.shape[0]
    rows = _mixed(np.arange(batch.offset, batch.offset + n, dtype=np.uint64))
    columns = {"X": batch.X, "Y": batch.Y, "weight": batch.weight}
    columns |= {f"extra {name}": column for name, column in batch.extra.items()}
    sums: dict[str, Leaf] = {
        name: Sum(_checksum(to_numpy(column), rows))
        for name, column in columns.items()
        if column is not None
    }
    return {"rows": Sum(n), **sums}


def _checksum(values: Any, rows: AnyArray) -> AnyArray:
    """Sum, modulo 2⁶⁴, a hash of each row (values and number): a sum merges in any batches."""
    values = np.ascontiguousarray(values)
    words = values.reshape(len(values), -1)
    words = words.view({8: np.uint64, 4: np.uint32}.get(values.itemsize, np.uint8))
    factors = _mixed(np.arange(1, words.shape[1] + 1, dtype=np.uint64)) | np.uint64(1)
    of_rows = (words.astype(np.uint64) * factors).sum(axis=1, dtype=np.uint64)
    return _mixed(of_rows + rows).sum(dtype=np.uint64, keepdims=True)


def _mixed(numbers: AnyArray) -> AnyArray:
    """Mix the bits of 64-bit numbers (the finaliser of SplitMix64; Steele, Lea and Flood, 2014)."""
    z = numbers + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
