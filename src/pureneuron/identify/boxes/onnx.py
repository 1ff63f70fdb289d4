"""ONNX files as boxes, run by onnxruntime on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from pureneuron.identify.boxes.box import ENDINGS, Box, BoxError, Link
from pureneuron.typing import Array

__all__ = ["onnx_box"]

_TYPES: dict[str, type[np.floating[Any]]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
}
# Nodes that change the form of the answers, not their values.
_PASSING = ("Identity", "Cast", "Flatten", "Reshape", "Squeeze", "Unsqueeze")


def onnx_box(path: Path) -> Box:
    """Make a box of an ONNX file with one input.

    Rows are cast to the declared type of the input and brought into its declared shape; a graph for
    batches of a fixed size is asked in batches of that size. The answer is the first output of real
    numbers, a matrix if there is one. A softmax or sigmoid at the end of the graph becomes the
    link; telling it needs the package onnx, and without it the link is the identity.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not ONNX, or its graph has several inputs or none of real numbers.
    ImportError
        If onnxruntime is not installed.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    session = _session(path)
    asked, answer = _input(session, path), _output(session, path)
    batch, *shape = asked.shape or (None,)
    known = all(isinstance(size, int) for size in shape)
    link, values = _ending(path, answer.name)
    form = _Form(
        asked.name,
        answer.name,
        _TYPES[asked.type],
        batch if isinstance(batch, int) else None,
        tuple(shape) if known else (),
    )
    n_inputs = prod(shape) if shape and known else None
    return Box(partial(_answers, session, form, values), n_inputs, link, str(path), None)


@dataclass(frozen=True)
class _Form:
    """What goes in and comes out: names, type, fixed size of a batch, shape of a row."""

    asked: str
    answer: str
    dtype: type[np.floating[Any]]
    batch: int | None
    shape: tuple[int, ...]


def _answers(session: Any, form: _Form, values: Callable[[Array], Array], X: Array) -> Array:
    rows = np.asarray(X, dtype=form.dtype)
    parts = []
    for start in range(0, len(rows), form.batch or len(rows)):
        part = rows[start : start + (form.batch or len(rows))]
        missing = (form.batch or len(part)) - len(part)
        # The last batch is filled up with its last row.
        filled = np.concatenate([part, np.repeat(part[-1:], missing, axis=0)])
        if form.shape:
            filled = filled.reshape(len(filled), *form.shape)
        try:
            (answer,) = session.run([form.answer], {form.asked: filled})
        except Exception as error:  # its errors have no base of their own
            raise BoxError(f"the graph does not run: {error}") from error
        answer = np.asarray(answer, dtype=np.float64).reshape(len(filled), -1)
        parts.append(answer[: len(part)])
    return values(np.concatenate(parts))


def _session(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ImportError("ONNX files need onnxruntime: pip install 'pureneuron[onnx]'") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # Errors come as exceptions; the runtime prints them as well.
    try:
        return onnxruntime.InferenceSession(
            path, sess_options=options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # The runtime's own have no base of their own.
        raise ValueError(f"{path} is not a readable ONNX file: {error}") from error


def _input(session: Any, path: Path) -> Any:
    inputs = session.get_inputs()
    if len(inputs) != 1:
        names = ", ".join(each.name for each in inputs) or "none"
        raise ValueError(f"{path} has {len(inputs)} inputs ({names}); one matrix is expected")
    (only,) = inputs
    if only.type not in _TYPES or len(only.shape) == 1:
        raise ValueError(
            f"the input {only.name} of {path} is {only.type} of shape {only.shape}; a matrix of "
            "float or double is expected"
        )
    return only


def _output(session: Any, path: Path) -> Any:
    outputs = session.get_outputs()
    real = [each for each in outputs if each.type in _TYPES]
    if not real:
        held = ", ".join(f"{each.name}: {each.type}" for each in outputs)
        raise ValueError(f"{path} has no output of real numbers (it has {held})")
    return next((each for each in real if len(each.shape) == 2), real[0])


def _ending(path: Path, output: str) -> tuple[Link, Callable[[Array], Array]]:
    """Return the link, and what turns the answers into its values."""
    if find_spec("onnx") is None:
        return "identity", np.asarray
    import onnx

    # The weights say nothing here, and may lie in files of their own.
    model = onnx.load(path, load_external_data=False)
    makers = {name: node for node in model.graph.node for name in node.output}
    node = makers.get(output)
    while node is not None and node.op_type in _PASSING:
        node = makers.get(node.input[0])
    if node is None or node.op_type not in ENDINGS:
        return "identity", np.asarray
    axis = next((each.i for each in node.attribute if each.name == "axis"), -1)
    # Over the answers of a row, not over the rows.
    return ENDINGS[node.op_type] if axis in (1, -1) else ("identity", np.asarray)
