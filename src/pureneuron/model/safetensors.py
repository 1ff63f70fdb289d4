"""Named arrays with text metadata as safetensors files: data only, nothing that runs when read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

__all__ = ["load_metadata", "read_tensors", "write_tensors"]


def write_tensors(
    path: str | Path, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> None:
    """Write ``tensors`` and text ``metadata`` to ``path``."""
    # A frozen array may be a Fortran-ordered view; the format stores C order only.
    arrays = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    # Bytes through an ordinary file get the ordinary permissions, unlike the format's own writer.
    Path(path).write_bytes(save(arrays, metadata=dict(metadata)))


def read_tensors(path: str | Path) -> dict[str, np.ndarray]:
    """Read the arrays of the file ``path``, by name.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not safetensors, or is cut short.
    """
    return _read(path)[0]


def load_metadata(path: str | Path) -> dict[str, str]:
    """Read the text metadata of the file ``path``.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`read_tensors`.
    """
    return _read(path)[1]


def _read(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no model file {path}")
    try:
        with safe_open(str(path), framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path} is not a readable safetensors model file: {error}") from error
