"""Moments as safetensors files: sums, and the columns and parts that they are of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from pureneuron.model import load_metadata
from pureneuron.model.safetensors import read_tensors, write_tensors
from pureneuron.moments.gather import THRESHOLDS
from pureneuron.moments.homogeneous import n_products
from pureneuron.moments.sample_moments import SampleMoments
from pureneuron.samples.writing import complete_file

__all__ = ["load_moments", "save_moments"]

_FORMAT = "pureneuron.sample_moments"
_VERSION = 1


def save_moments(moments: SampleMoments, path: str | Path) -> None:
    """Write moments to a safetensors file, which appears when it is complete.

    Parameters
    ----------
    moments : SampleMoments
        The moments.
    path : path
        Where to; a file that stands there is replaced.
    """
    tensors = {
        "reference": moments.reference,
        "squares": np.array([moments.squares]),
        "sums": moments.sums,
    }
    facts: dict[str, Any] = {
        "version": _VERSION,
        "input_names": moments.input_names,
        "output_names": moments.output_names,
        "n_rows": moments.n_rows,
        "groups": (THRESHOLDS.n_groups, THRESHOLDS.seed),
        "parts": moments.parts,
        "digest": moments.digest(),
    }
    metadata = {name: json.dumps(value) for name, value in facts.items()}
    with complete_file(Path(path)) as part:
        write_tensors(part, tensors, {"format": _FORMAT, **metadata})


def load_moments(path: str | Path) -> SampleMoments:
    """Read moments from a file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no file of moments, of another version, or damaged.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}")
    metadata = load_metadata(path)
    if metadata.get("format") != _FORMAT:
        raise ValueError(f"{path} is no file of moments, as 'pureneuron moments' writes them")
    try:
        facts = {name: json.loads(text) for name, text in metadata.items() if name != "format"}
        if facts["version"] != _VERSION:
            raise ValueError(
                f"{path} holds moments of version {facts['version']}, and this is version "
                f"{_VERSION}: gather them again"
            )
        if facts["groups"] != [THRESHOLDS.n_groups, THRESHOLDS.seed]:
            raise ValueError(
                f"{path} has its rows in other groups ({facts['groups']}), which do not add up "
                "with those of this version: gather them again"
            )
        tensors = read_tensors(path)
        moments = SampleMoments(
            tuple(facts["input_names"]),
            tuple(facts["output_names"]),
            int(facts["n_rows"]),
            float(tensors["squares"][0]),
            tensors["reference"],
            tensors["sums"],
            tuple(facts["parts"]),
        )
        d, m = moments.n_inputs, moments.n_outputs
        shape = THRESHOLDS.n_groups, n_products(d), n_products(d + m)
        whole = moments.sums.shape == shape and moments.reference.shape == (d + m,)
        whole = whole and moments.digest() == facts["digest"]
    except (KeyError, TypeError, IndexError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is damaged: gather its moments again ({error!r})") from error
    if not whole:
        raise ValueError(f"{path} is damaged: its sums are not those that were written")
    return moments
