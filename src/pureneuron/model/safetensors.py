"""Networks as safetensors files: data only, nothing that runs when it is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from pureneuron.model.network import TwoLayerNetwork

__all__ = ["load_metadata", "load_network", "save_network"]

_FORMAT = "pureneuron.two_layer_network"
_REQUIRED = ("A", "W")
_OPTIONAL = ("hidden_bias", "output_bias")


def save_network(
    network: TwoLayerNetwork, path: str | Path, metadata: dict[str, str] | None = None
) -> None:
    """Write ``network`` to ``path``, with further text ``metadata`` where given."""
    tensors = {name: getattr(network, name) for name in _REQUIRED + _OPTIONAL}
    tensors["negative_slope"] = np.array([network.negative_slope])
    # A frozen array may be a Fortran-ordered view; the format stores C order only.
    tensors = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    # Bytes through an ordinary file get the ordinary permissions, unlike the format's own writer.
    Path(path).write_bytes(save(tensors, metadata={**(metadata or {}), "format": _FORMAT}))


def load_network(path: str | Path) -> TwoLayerNetwork:
    """Read a network from ``path``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not safetensors, is cut short, or holds no two-layer network.
    """
    tensors = _read(path)[0]
    missing = [name for name in _REQUIRED if name not in tensors]
    if missing:
        held = ", ".join(sorted(tensors)) or "nothing"
        raise ValueError(
            f"{path} holds no two-layer network: {' and '.join(missing)} missing (it holds {held})"
        )
    slope = tensors.pop("negative_slope", np.zeros(1))
    try:
        if slope.size != 1:
            raise ValueError(f"negative_slope has {slope.size} values; one is expected")
        return TwoLayerNetwork(
            **{name: tensors[name] for name in _REQUIRED + _OPTIONAL if name in tensors},
            negative_slope=slope.item(),
        )
    except ValueError as error:
        raise ValueError(f"{path} holds no valid two-layer network: {error}") from error


def load_metadata(path: str | Path) -> dict[str, str]:
    """Read the text metadata that :func:`save_network` stored with the network."""
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
