"""Model files as the commands write them: a network that remembers the columns it was fitted to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pureneuron.model import TwoLayerNetwork, load_metadata, load_network, save_network
from pureneuron.samples.writing import check_target, complete_file

__all__ = ["Model", "check_output", "load_model", "save_model"]

MODEL_ENDING = ".safetensors"


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


def check_output(path: Path, *, force: bool, ending: str | None = None) -> None:
    """Refuse, before any work is done, a file that could not be written after it.

    Raises
    ------
    FileExistsError, FileNotFoundError
        As :func:`~pureneuron.samples.writing.check_target` does.
    ValueError
        If it is a folder, or does not end in ``ending``.
    """
    if ending is not None and path.suffix.lower() != ending:
        raise ValueError(f"{path}: the name must end in {ending}")
    if path.is_dir():
        raise ValueError(f"{path} is a folder; a file to write is expected")
    check_target(path, force=force, option="--force")


def save_model(
    network: TwoLayerNetwork,
    path: Path,
    *,
    input_names: tuple[str, ...],
    output_names: tuple[str, ...],
    **facts: str | float,
) -> None:
    """Write ``network`` with its column names and further ``facts``, each as JSON.

    The file appears when it is complete: what stood there before is kept until then.
    """
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
