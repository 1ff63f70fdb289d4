"""Model files as the commands write them: a network that remembers the columns it was fitted to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pureneuron.model import TwoLayerNetwork, counted, load_metadata, load_network, save_network
from pureneuron.samples import Samples
from pureneuron.samples.writing import check_target, complete_file

__all__ = [
    "MODEL_ENDING",
    "ONNX_ENDING",
    "Model",
    "check_output",
    "check_sizes",
    "columns_of",
    "load_model",
    "save_model",
]

MODEL_ENDING = ".safetensors"
ONNX_ENDING = ".onnx"


@dataclass(frozen=True)
class Model:
    """A network and the names of its columns; None where the file does not say.

    Attributes
    ----------
    network : TwoLayerNetwork
        The network.
    input_names, output_names : tuple of str or None
        Columns that it was fitted to.
    """

    network: TwoLayerNetwork
    input_names: tuple[str, ...] | None
    output_names: tuple[str, ...] | None


def check_sizes(model: Model, found: Samples, samples: Sequence[str]) -> None:
    """Refuse samples that have not as many inputs and outputs as the model."""
    network, sizes = model.network, (found.n_inputs, found.n_outputs)
    if sizes != (network.n_inputs, network.n_outputs):
        raise ValueError(
            f"the model has {counted(network.n_inputs, 'input')} and "
            f"{counted(network.n_outputs, 'output')}, and {' '.join(samples)} gives {sizes[0]} and "
            f"{sizes[1]}: name the columns with --inputs and --outputs"
        )


def check_output(path: Path, *, force: bool, endings: tuple[str, ...] = ()) -> None:
    """Refuse, before any work is done, a file that could not be written after it.

    Raises
    ------
    FileExistsError, FileNotFoundError
        As :func:`~pureneuron.samples.writing.check_target` does.
    ValueError
        If it is a folder, or ends in none of ``endings``, where there are any.
    ImportError
        If it is an ONNX file, and the package that writes it is not installed.
    """
    if endings and path.suffix.lower() not in endings:
        raise ValueError(f"{path}: the name must end in {' or '.join(endings)}")
    if path.suffix.lower() == ONNX_ENDING and find_spec("onnx") is None:
        raise ImportError("ONNX files need onnx: pip install 'pureneuron[onnx]'")
    if path.is_dir():
        raise ValueError(f"{path} is a folder; a file to write is expected")
    check_target(path, force=force, option="--force")


def save_model(
    network: TwoLayerNetwork,
    path: Path,
    *,
    input_names: tuple[str, ...],
    output_names: tuple[str, ...],
    **facts: str | float | None,
) -> None:
    """Write ``network`` with its column names and further ``facts``, each as JSON.

    An ONNX file holds the network alone. The file appears when it is complete: what stood there
    before is kept until then.
    """
    if path.suffix.lower() == ONNX_ENDING:
        network.to_onnx(path)
        return
    facts_and_names = {"input_names": input_names, "output_names": output_names, **facts}
    metadata = {name: json.dumps(value) for name, value in facts_and_names.items()}
    with complete_file(path) as part:
        save_network(network, part, metadata=metadata)


def load_model(path: Path) -> Model:
    """Read a model, whether or not it remembers its columns.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`~pureneuron.model.load_network` does.
    """
    network = load_network(path)
    metadata = load_metadata(path)
    return Model(
        network,
        _names(path, metadata, "input_names", network.n_inputs),
        _names(path, metadata, "output_names", network.n_outputs),
    )


def columns_of(model: Model, reading: dict[str, Any]) -> dict[str, Any]:
    """Return how to read samples: columns that the model was fitted to, unless others are given.

    Parameters
    ----------
    model : Model
        The model.
    reading : dict
        Arguments of :func:`~pureneuron.samples.read_samples`; ``inputs`` and ``outputs`` are None
        where they are not given.
    """
    known = {"inputs": model.input_names, "outputs": model.output_names}
    missing = {n: list(names) for n, names in known.items() if names and reading[n] is None}
    return {**reading, **missing}


def _names(path: Path, metadata: dict[str, str], key: str, count: int) -> tuple[str, ...] | None:
    if key not in metadata:
        return None
    try:
        names = json.loads(metadata[key])
    except json.JSONDecodeError:
        names = None
    if not (
        isinstance(names, list) and len({name for name in names if isinstance(name, str)}) == count
    ):
        raise ValueError(f"{path}: its {key} are not {count} distinct names")
    return tuple(names)
