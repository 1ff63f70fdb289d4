"""The graph of a PyTorch module, walked along to what stands at its end."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import Any

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
    import torch
    import torch.fx
    from torch import nn
    from torch.nn import functional
except ImportError as error:
    raise ImportError("PyTorch modules need torch: pip install 'pureneuron[torch]'") from error

__all__ = ["walk"]

_ROWS = object()  # The number of rows, as x.size(0) gives it.


def walk(module: nn.Module) -> Value:
    """Return what a module computes.

    Raises
    ------
    ValueError
        If that is no part of a two-layer network; the message names the layer or node.
    """
    try:
        traced = torch.fx.symbolic_trace(module)
    except Exception as error:  # Whatever a forward of one's own makes of a stand-in for numbers.
        raise ValueError(f"its forward cannot be traced: {error}") from error
    traced.graph.eliminate_dead_code()
    nodes = list(traced.graph.nodes)
    inputs = [node.target for node in nodes if node.op == "placeholder"]
    if len(inputs) != 1:
        raise ValueError(f"it takes {len(inputs)} inputs ({', '.join(inputs)}); one is expected")
    known: dict[Any, Any] = {}
    moving: set[Any] = set()  # The nodes that depend on the inputs; the others are constants.
    for node in nodes:
        args, kwargs = torch.fx.node.map_arg((node.args, node.kwargs), known.__getitem__)
        if node.op == "placeholder" or not moving.isdisjoint(node.all_input_nodes):
            moving.add(node)
        try:
            known[node] = (_step if node in moving else _constant)(traced, node, args, kwargs)
        except (ValueError, TypeError, LookupError, RuntimeError) as error:
            raise ValueError(f"{_named(traced, node)}: {error}") from error
    return value_of(known[nodes[-1]])


def _step(traced: Any, node: Any, args: Any, kwargs: Any) -> Any:
    if node.op == "placeholder":
        return Value()
    if node.op == "output":
        return value_of(args[0])
    if node.op == "call_module":
        return _layer(traced.get_submodule(node.target), *args, **kwargs)
    known = _METHODS if node.op == "call_method" else _FUNCTIONS
    if node.target in known:
        return known[node.target](*args, **kwargs)
    name = node.target if node.op == "call_method" else node.target.__name__
    raise ValueError(refusal(name, args[0] if args else None))


def _constant(traced: Any, node: Any, args: Any, kwargs: Any) -> Any:
    if node.op == "output":
        raise ValueError("the outputs do not depend on the inputs")
    if node.op == "get_attr":
        return reduce(getattr, node.target.split("."), traced)
    if node.op == "call_module":
        return traced.get_submodule(node.target)(*args, **kwargs)
    if node.op == "call_method":
        return getattr(args[0], node.target)(*args[1:], **kwargs)
    return node.target(*args, **kwargs)


def _named(traced: Any, node: Any) -> str:
    if node.op == "call_module":
        return f"layer {node.target!r} ({type(traced.get_submodule(node.target)).__name__})"
    return f"node {node.name!r}"


def _plain(what: Any) -> Any:
    """Return a tensor as a NumPy array, and what is none as it is."""
    if isinstance(what, nn.parameter.UninitializedParameter):
        raise ValueError("it has no weights yet; run the module once")
    if not isinstance(what, torch.Tensor):
        return what
    what = what.detach().cpu()
    # NumPy has no bfloat16. Float64 only on the CPU: not every device has it.
    return (what if what.is_complex() else what.to(torch.float64)).numpy()


def _layer(layer: nn.Module, x: Any) -> Value:
    if isinstance(layer, nn.Linear):
        return _linear(x, layer.weight, layer.bias)
    if isinstance(layer, nn.ReLU):
        return rectified(x)
    if isinstance(layer, nn.LeakyReLU):
        return rectified(x, layer.negative_slope)
    if isinstance(layer, nn.PReLU):
        return rectified(x, _plain(layer.weight))
    if isinstance(layer, nn.Flatten):
        return _flatten(x, layer.start_dim, layer.end_dim)
    if isinstance(layer, nn.Identity | nn.Dropout):
        return value_of(x)
    raise ValueError(refusal(type(layer).__name__, x))


# Arguments are named as torch names them.


def _linear(input: Any, weight: Any, bias: Any = None) -> Value:
    return mapped(input, _plain(weight), _plain(bias))


def _relu(input: Any, inplace: bool = False) -> Value:
    return rectified(input)


def _leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Value:
    return rectified(input, negative_slope)


def _dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Value:
    if training:
        raise ValueError("it is on in eval mode, too; training=self.training is expected")
    return value_of(input)


def _flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Value:
    if start_dim != 1 or end_dim != -1:
        raise ValueError("it does not keep the rows apart; start_dim=1 and end_dim=-1 would")
    return value_of(input)


def _add(input: Any, other: Any, *, alpha: float = 1.0) -> Value:
    return plus(_plain(input), _plain(other), alpha)


def _sub(input: Any, other: Any, *, alpha: float = 1.0) -> Value:
    return plus(_plain(input), _plain(other), -alpha)


def _mul(input: Any, other: Any) -> Value:
    return times(_plain(input), _plain(other))


def _div(input: Any, other: Any) -> Value:
    return divided(_plain(input), _plain(other))


def _matmul(input: Any, other: Any) -> Value:
    return multiplied(_plain(input), _plain(other))


def _size(input: Any, dim: int | None = None) -> Any:
    return (_ROWS, None)[slice(None) if dim is None else dim]


def _attribute(input: Any, name: str) -> Any:
    if name != "shape":
        raise ValueError(refusal(name, input))
    return _size(input)


def _item(input: Any, index: Any) -> Any:
    if not isinstance(input, tuple):
        raise ValueError(refusal("indexing", input))
    return input[index]


def _view(input: Any, *shape: Any) -> Value:
    """Accept a new shape that keeps rows what they are."""
    value = value_of(input)
    rows, columns = shape[0] if len(shape) == 1 else shape
    if rows is _ROWS and columns == -1:
        return value
    if rows not in (_ROWS, -1) or not isinstance(columns, int) or columns < 1:
        raise ValueError(f"its shape {shape} is not read; (-1, number of columns) is")
    if value.size not in (None, columns):
        raise ValueError(f"it makes {columns} columns of {value.size}")
    return replace(value, size=columns)


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    functional.relu: _relu,
    functional.leaky_relu: _leaky_relu,
    functional.linear: _linear,
    functional.dropout: _dropout,
    torch.relu: _relu,
    torch.flatten: _flatten,
    torch.reshape: _view,
    torch.add: _add,
    torch.sub: _sub,
    torch.mul: _mul,
    torch.div: _div,
    torch.matmul: _matmul,
    operator.add: _add,
    operator.iadd: _add,
    operator.sub: _sub,
    operator.mul: _mul,
    operator.truediv: _div,
    operator.matmul: _matmul,
    operator.getitem: _item,
    getattr: _attribute,
}
_METHODS: dict[str, Callable[..., Any]] = {
    "relu": _relu,
    "relu_": _relu,
    "flatten": _flatten,
    "view": _view,
    "reshape": _view,
    "size": _size,
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "div": _div,
    "matmul": _matmul,
}
