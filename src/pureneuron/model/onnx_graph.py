"""The graph of an ONNX model, walked along to what stands at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from pureneuron.model.layers import (
    Value,
    divided,
    mapped,
    multiplied,
    plus,
    rectified,
    refusal,
    times,
    value_of,
)

try:
    from onnx import TensorProto, helper, numpy_helper
    from onnx.reference import ReferenceEvaluator
except ImportError as error:
    raise ImportError("ONNX files need onnx: pip install 'pureneuron[onnx]'") from error

__all__ = ["walk"]

# What is worked out where all operands are constants. Random numbers are not among them.
_FOLDED = (
    *("Add", "Cast", "Concat", "Constant", "Div", "Gather", "Identity", "Mul", "Reshape", "Slice"),
    *("Squeeze", "Sub", "Transpose", "Unsqueeze"),
)
_REAL = (TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.FLOAT, TensorProto.DOUBLE)
# Stands for the number of rows where the graph takes any: a prime that no graph has as a size.
_ANY_ROWS = 2_147_483_629


@dataclass(frozen=True)
class _Images:
    """The inputs, where a row of them has several dimensions."""

    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _Sizes:
    """Whole numbers that come from the shape of a value: good for another shape only."""

    array: np.ndarray


def walk(model: Any) -> Value:
    """Return what an ONNX model computes.

    Raises
    ------
    ValueError
        If that is no part of a two-layer network; the message names the node.
    """
    graph = model.graph
    known: dict[str, Any] = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    inputs = [each for each in graph.input if each.name not in known]
    for kind, held in (("inputs", inputs), ("outputs", graph.output)):
        if len(held) != 1:
            names = ", ".join(each.name for each in held)
            raise ValueError(f"it has {len(held)} {kind} ({names}); one is expected")
    rows, known[inputs[0].name] = _input(inputs[0])
    end = graph.output[0].name
    for node in _needed(graph, end):
        try:
            known[node.output[0]] = _step(node, known, rows, model.opset_import)
        except (ValueError, TypeError, RuntimeError, IndexError) as error:
            raise ValueError(f"{_named(node)}: {error}") from error
    return value_of(known.get(end))


def _input(declared: Any) -> tuple[int, Value | _Images]:
    """Return the number of rows and the inputs."""
    sizes = [each.dim_value or None for each in declared.type.tensor_type.shape.dim]
    rows, *columns = sizes or [None]
    known = tuple(each for each in columns if each is not None)
    if len(columns) == 1:
        return rows or _ANY_ROWS, Value(size=columns[0])
    if len(columns) < 2 or len(known) < len(columns):
        shape = ", ".join(str(each or "?") for each in sizes)
        raise ValueError(f"its input {declared.name!r} has shape ({shape}); (N, d) is expected")
    return rows or _ANY_ROWS, _Images(known)


def _needed(graph: Any, end: str) -> list[Any]:
    """Return the nodes that the output depends on, in order."""
    needed, nodes = {end}, []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(filter(None, node.input))
            nodes.append(node)
    return nodes[::-1]


def _step(node: Any, known: dict[str, Any], rows: int, versions: Any) -> Any:
    kind = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
    unread = [name for name in node.input if name and name not in known]
    if unread:
        raise ValueError(f"it takes {unread[0]!r}, which is not read")
    # An empty name is an optional operand left out.
    operands = [known[name] if name else None for name in node.input]
    if kind in _FOLDED and not any(isinstance(each, Value | _Images) for each in operands):
        return _folded(node, known, versions)
    if kind not in _STEPS:
        raise ValueError(refusal(kind, operands[0] if operands else None))
    options = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    if kind in ("Reshape", "Shape"):
        options["n_rows"] = rows
    elif any(isinstance(each, _Sizes) for each in operands):
        raise ValueError("it makes something else than a new shape of the shape of its inputs")
    if kind not in _PASSING and any(isinstance(each, _Images) for each in operands):
        raise ValueError("it takes inputs of several dimensions; a Flatten before it is expected")
    return _STEPS[kind](*operands, **options)


def _named(node: Any) -> str:
    if node.name:
        return f"node {node.name!r} ({node.op_type})"
    return f"the {node.op_type} that gives {', '.join(map(repr, node.output))}"


def _folded(node: Any, known: dict[str, Any], versions: Any) -> Any:
    """Return what a node gives whose operands are constants."""
    operands = {name: known[name] for name in node.input if name}
    sizes = any(isinstance(each, _Sizes) for each in operands.values())
    arrays = {
        name: each.array if isinstance(each, _Sizes) else each for name, each in operands.items()
    }
    # As a function: it takes the versions of the operators along, and no types of operands.
    function = helper.make_function(
        "pureneuron", "constant", list(arrays), node.output, [node], versions
    )
    (result,) = ReferenceEvaluator(function).run(None, arrays, attributes={})
    return _Sizes(np.asarray(result)) if sizes else np.asarray(result)


# Options are named as ONNX names its attributes.


def _gemm(
    a: Any,
    b: Any,
    c: Any = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,
    transB: int = 0,
) -> Value:
    if transA:
        raise ValueError("it transposes what comes from the inputs (transA)")
    product = times(mapped(a, b) if transB else multiplied(a, b), alpha)
    return product if c is None else plus(product, c, beta)


def _sub(a: Any, b: Any) -> Value:
    return plus(a, b, -1.0)


def _leaky_relu(x: Any, *, alpha: float = 0.01) -> Value:
    return rectified(x, alpha)


def _flatten(x: Any, *, axis: int = 1) -> Value:
    if isinstance(x, _Images) and axis == 1:
        return Value(size=prod(x.shape))
    if axis not in (1, -1) or isinstance(x, _Images):
        raise ValueError(f"it does not keep the rows apart (axis={axis})")
    return value_of(x)


def _reshape(x: Any, shape: Any, *, n_rows: int, allowzero: int = 0) -> Value:
    """Accept a new shape that keeps rows what they are."""
    value = Value(size=prod(x.shape)) if isinstance(x, _Images) else value_of(x)
    array = shape.array if isinstance(shape, _Sizes) else shape
    if not isinstance(array, np.ndarray) or array.shape != (2,):
        raise ValueError("its result is not known to have two dimensions")
    rows, columns = array.tolist()
    kept = rows == n_rows or (rows == 0 and not allowzero)
    if (kept and columns == -1) or columns == value.size is not None:
        return value
    raise ValueError(f"it does not keep the rows apart: {value.size} columns become {columns}")


def _shape(x: Any, *, n_rows: int, start: int = 0, end: int | None = None) -> _Sizes:
    shape = x.shape if isinstance(x, _Images) else (value_of(x).size,)
    if None in shape:
        raise ValueError("the number of columns is not known")
    return _Sizes(np.array((n_rows, *shape), dtype=np.int64)[start:end])


def _cast(x: Any, *, to: int, **_: Any) -> Any:
    if to not in _REAL:
        raise ValueError(f"it casts to {TensorProto.DataType.Name(to)}; a real type is expected")
    return x


def _identity(x: Any) -> Any:
    return x


def _dropout(x: Any, ratio: Any = None, training: Any = None, **_: Any) -> Any:
    if training is not None and (not isinstance(training, np.ndarray) or training.any()):
        raise ValueError("it drops out in training mode; export the model in eval mode")
    return x


_PASSING = ("Cast", "Dropout", "Flatten", "Identity", "Reshape", "Shape")
_STEPS: dict[str, Callable[..., Any]] = {
    "Add": plus,
    "Cast": _cast,
    "Div": divided,
    "Dropout": _dropout,
    "Flatten": _flatten,
    "Gemm": _gemm,
    "Identity": _identity,
    "LeakyRelu": _leaky_relu,
    "MatMul": multiplied,
    "Mul": times,
    "PRelu": rectified,
    "Relu": rectified,
    "Reshape": _reshape,
    "Shape": _shape,
    "Sub": _sub,
}
