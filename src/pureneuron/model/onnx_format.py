"""ONNX files: the two-layer network in one, and the file of a network."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from pureneuron.model.layers import weights
from pureneuron.model.onnx_graph import walk

try:
    import onnx
    from onnx import helper, numpy_helper
except ImportError as error:
    raise ImportError("ONNX files need onnx: pip install 'pureneuron[onnx]'") from error

__all__ = ["read_onnx", "write_onnx"]

_DTYPES = ("float32", "float64")
# Of May 2022: every runtime since reads them, and nothing newer is needed.
_OPSET, _IR_VERSION = 17, 8


def read_onnx(path: str | Path) -> dict[str, Any]:
    """Read the network of an ONNX file.

    Returns
    -------
    dict
        The arguments of `TwoLayerNetwork`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not ONNX, or its graph is no two-layer network; the message names the node.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no model file {path}")
    try:
        model = onnx.load(os.fspath(path))
        onnx.checker.check_model(model)
    except Exception as error:  # The parser's, the checker's and those of files beside this one.
        raise ValueError(f"{path} is not a readable ONNX file: {error}") from error
    try:
        return weights(walk(model))
    except ValueError as error:
        raise ValueError(f"{path} holds no two-layer network: {error}") from error


def write_onnx(path: str | Path, network: Mapping[str, Any], dtype: DTypeLike = "float64") -> None:
    """Write the weights of a network as an ONNX model with the input ``x`` and the output ``y``.

    Parameters
    ----------
    path : str or Path
        Where to write. What stands there is kept until the new file is complete.
    network : mapping
        The attributes of a `TwoLayerNetwork` by name.
    dtype : str or dtype
        Type of weights, input and output: float32 or float64.

    Raises
    ------
    ValueError
        If there is no such type, or a weight is too large for it.
    """
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = ""
    if name not in _DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(_DTYPES)}, got {dtype!r}")
    model = _model(network, np.dtype(name))
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(model.SerializeToString())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _model(network: Mapping[str, Any], dtype: np.dtype[Any]) -> Any:
    slope = np.array([network["negative_slope"]])
    tensors = {name: network[name] for name in ("W", "hidden_bias", "A", "output_bias")}
    nodes = [helper.make_node("Gemm", ["x", "W", "hidden_bias"], ["z"], name="hidden", transB=1)]
    if slope.any():
        # Not LeakyRelu, whose slope is stored in single precision and which few run in double.
        tensors["negative_slope"] = slope
        nodes.append(helper.make_node("PRelu", ["z", "negative_slope"], ["h"], name="rectifier"))
    else:
        nodes.append(helper.make_node("Relu", ["z"], ["h"], name="rectifier"))
    last = ["h", "A", "output_bias"]
    if network["linear"].any():
        tensors["linear"] = network["linear"]
        last[2] = "skipped"
        nodes.append(
            helper.make_node(
                "Gemm", ["x", "linear", "output_bias"], ["skipped"], name="skip", transB=1
            )
        )
    nodes.append(helper.make_node("Gemm", last, ["y"], name="outputs", transB=1))
    kind = helper.np_dtype_to_tensor_dtype(dtype)
    (m, _), (_, d) = network["A"].shape, network["W"].shape
    graph = helper.make_graph(
        nodes,
        "two_layer_network",
        [helper.make_tensor_value_info("x", kind, ["n", d])],
        [helper.make_tensor_value_info("y", kind, ["n", m])],
        [_tensor(name, value, dtype) for name, value in tensors.items()],
    )
    return helper.make_model(
        graph,
        producer_name="pureneuron",
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )


def _tensor(name: str, value: np.ndarray, dtype: np.dtype[Any]) -> Any:
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(value, dtype=dtype)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds a value too large for {dtype.name}; choose float64")
    return numpy_helper.from_array(array, name)
