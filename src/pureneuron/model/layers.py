"""Layers put together: what a graph computes, as long as it is a two-layer network.

Every place of such a graph holds ``A σ(W x + b) + L x + c``: the inputs have ``L = I``, a linear
layer multiplies from the left, a rectifier turns ``L x + c`` into units, a sum adds two branches.
The readers of other libraries' models walk along their graphs with these functions and never look
for a pattern of layers: a skip connection, a layer without a bias, or two linear layers in a row
need no cases of their own.

Where an operand is not what a two-layer network has, a function raises ValueError with the reason,
as what is wrong with "it", a node of the graph. The reader puts the name of the node before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from pureneuron.typing import Array

__all__ = [
    "Units",
    "Value",
    "divided",
    "mapped",
    "multiplied",
    "plus",
    "rectified",
    "refusal",
    "times",
    "value_of",
    "weights",
]

Weights: TypeAlias = Array | float
"""A matrix; or a number, for that multiple of the identity, whose size need not be known."""


@dataclass(frozen=True, eq=False)
class Units:
    """The hidden units ``σ(W x + b)``: W (k, d), b (k,), the slope of σ on the negative side."""

    W: Array
    b: Array
    slope: float


@dataclass(frozen=True, eq=False)
class Value:
    """What stands at one place of a graph, ``A σ(W x + b) + L x + c``; by default the inputs.

    Attributes
    ----------
    size : int or None
        Number of columns, m. None while nothing has told it: the inputs of some graphs.
    units : Units or None
        The hidden units; None before the rectifier.
    A : (m, k) array or float
        Their weights.
    L : (m, d) array or float
        The linear part.
    c : (m,) array or float
        The constant part.
    """

    size: int | None = None
    units: Units | None = None
    A: Weights = 0.0
    L: Weights = 1.0
    c: Array | float = 0.0


def value_of(what: Any) -> Value:
    """Return ``what`` if it is a `Value`, and refuse it if not."""
    if not isinstance(what, Value):
        kind = "constant" if isinstance(what, np.ndarray) else type(what).__name__
        raise ValueError(f"it has a {kind} where a matrix that comes from the inputs is expected")
    return what


def mapped(value: Any, M: Any, bias: Any = None) -> Value:
    """Return ``M value + bias``, a linear layer: M (size, m), bias (m,) or nothing."""
    value, M = value_of(value), _numbers(M)
    if M.ndim != 2:
        raise ValueError(f"it has weights of shape {M.shape}; a matrix is expected")
    if value.size not in (None, M.shape[1]):
        raise ValueError(f"it takes {M.shape[1]} values and gets {value.size}")
    c = _product(M, value.c) if isinstance(value.c, np.ndarray) else M.sum(axis=1) * value.c
    product = Value(len(M), value.units, _product(M, value.A), _product(M, value.L), c)
    return product if bias is None else plus(product, bias)


def multiplied(value: Any, M: Any) -> Value:
    """Return the rows of the value times a matrix, (size, m)."""
    return mapped(value_of(value), _numbers(M).T)


def plus(left: Any, right: Any, factor: float = 1.0) -> Value:
    """Return ``left + factor right``: two branches of the graph, or one and a bias."""
    left, right = _branch(left), _branch(right)
    if factor != 1.0:
        right = times(right, factor)
    if None not in (left.size, right.size) and left.size != right.size:
        raise ValueError(f"it adds {right.size} values to {left.size}")
    units, A = _joined(left, right)
    size = right.size if left.size is None else left.size
    return Value(size, units, A, _sum(left.L, right.L), left.c + right.c)


def times(left: Any, right: Any) -> Value:
    """Return the product of a value and a constant, of a number or one a column, (m,)."""
    value, constant = (left, right) if isinstance(left, Value) else (right, left)
    value, factor = value_of(value), _row(constant)
    if isinstance(factor, np.ndarray):
        return mapped(value, np.diag(factor))
    return replace(value, A=value.A * factor, L=value.L * factor, c=value.c * factor)


def divided(value: Any, divisor: Any) -> Value:
    """Return the value divided by a constant, as in `times`."""
    divisor = _numbers(divisor)
    if not divisor.all():
        raise ValueError("it divides by zero")
    return times(value, 1.0 / divisor)


def rectified(value: Any, slope: Any = 0.0) -> Value:
    """Return ``σ(value)``, σ the rectifier with this slope, the same for all units."""
    value, slopes = value_of(value), np.unique(_numbers(slope))
    if value.units is not None:
        raise ValueError("it is a second rectifier on the way; a two-layer network has one")
    if not isinstance(value.L, np.ndarray):
        raise ValueError("it rectifies the inputs; a linear layer before it is expected")
    if len(slopes) != 1:
        raise ValueError("it has units with different slopes; one slope for all is expected")
    b = np.broadcast_to(value.c, len(value.L))
    return Value(value.size, Units(value.L, b, float(slopes[0])), A=1.0, L=0.0)


def refusal(kind: str, value: Any) -> str:
    """Say why a node of some other kind that is applied to ``value`` is refused."""
    ends = {"softmax", "logsoftmax", "sigmoid", "logsigmoid"}
    if kind.lower().replace("_", "") in ends and isinstance(value, Value) and value.units:
        return "take it off: the network gives the values before it"
    return f"{kind} is no part of a two-layer network of linear layers and a (leaky) ReLU"


def weights(value: Any) -> dict[str, Any]:
    """Return the arguments of `TwoLayerNetwork` for the value at the end of a graph.

    Raises
    ------
    ValueError
        If no rectifier is on the way there, or two branches have inputs of different sizes.
    """
    value = value_of(value)
    units = value.units
    if units is None:
        raise ValueError("it has no ReLU or leaky ReLU")
    k, d = units.W.shape
    A, linear = _matrix(value.A, k), _matrix(value.L, d) if np.any(value.L) else None
    if linear is not None and linear.shape != (len(A), d):
        raise ValueError(
            f"its linear part has shape {linear.shape}; outputs by inputs, {(len(A), d)}, expected"
        )
    return {
        "A": A,
        "W": units.W,
        "hidden_bias": units.b,
        "output_bias": np.broadcast_to(value.c, len(A)),
        "negative_slope": units.slope,
        "linear": linear,
    }


def _numbers(constant: Any) -> Array:
    """Return a constant as float64."""
    if isinstance(constant, Value):
        raise ValueError("it joins two values that come from the inputs otherwise than by a sum")
    if np.iscomplexobj(constant):
        raise ValueError("it has complex weights")
    numbers = np.asarray(constant).astype(np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError("it has a weight that is not finite")
    return numbers


def _row(constant: Any) -> Array | float:
    """Return a constant that meets every row: a number, or (m,)."""
    array = _numbers(constant)
    if array.size == 1 and array.ndim <= 2:
        return float(array.item())
    if array.ndim == 1 or (array.ndim == 2 and len(array) == 1):
        return array.reshape(-1)
    raise ValueError(f"it has a constant of shape {array.shape}; the same for all rows is expected")


def _branch(what: Any) -> Value:
    if isinstance(what, Value):
        return what
    c = _row(what)
    return Value(len(c) if isinstance(c, np.ndarray) else None, L=0.0, c=c)


def _joined(left: Value, right: Value) -> tuple[Units | None, Weights]:
    """Return the units of a sum, and their weights."""
    one, other = left.units, right.units
    if one is None or other is None:
        return (one, left.A) if other is None else (other, right.A)
    if one is other:
        return one, _sum(left.A, right.A)
    if one.slope != other.slope:
        raise ValueError(f"it adds units of the slopes {one.slope:g} and {other.slope:g}")
    if one.W.shape[1] != other.W.shape[1]:
        raise ValueError(f"it adds branches of {one.W.shape[1]} and {other.W.shape[1]} inputs")
    both = Units(np.vstack([one.W, other.W]), np.concatenate([one.b, other.b]), one.slope)
    return both, np.hstack([_matrix(left.A, len(one.W)), _matrix(right.A, len(other.W))])


def _product(M: Array, weights: Weights) -> Weights:
    """Return ``M weights``; a part that is not there stays so."""
    if isinstance(weights, np.ndarray):
        return np.asarray(M @ weights)
    return M * weights if weights else 0.0


def _sum(one: Weights, other: Weights) -> Weights:
    if not isinstance(one, np.ndarray):
        one, other = other, one
    if not isinstance(one, np.ndarray):
        return one + other
    if not isinstance(other, np.ndarray):
        if not other:
            return one
        other = _matrix(other, one.shape[1])
    if one.shape != other.shape:
        raise ValueError(f"it adds branches with weights of the shapes {one.shape}, {other.shape}")
    return one + other


def _matrix(weights: Weights, size: int) -> Array:
    return weights if isinstance(weights, np.ndarray) else weights * np.eye(size)
