"""PyTorch modules: the two-layer network in one, and the module of a network.

A module is traced (`torch.fx`) and its graph walked along, so that layers may stand in sequence or
in a forward of one's own. What a graph does not show (hooks, changes in place) is found at the
end: the module and what was read from it must predict the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np

from pureneuron.model.layers import weights
from pureneuron.model.torch_graph import walk
from pureneuron.typing import Array

try:
    import torch
    from torch import nn
except ImportError as error:
    raise ImportError("PyTorch modules need torch: pip install 'pureneuron[torch]'") from error

__all__ = ["SkipConnection", "make_module", "read_module"]

_DTYPES = ("float16", "bfloat16", "float32", "float64")


class SkipConnection(nn.Module):
    """``hidden(x) + skip(x)``: a network with a linear part.

    Parameters
    ----------
    hidden : torch.nn.Module
        What goes through the neurons.
    skip : torch.nn.Module
        What goes beside them.
    """

    def __init__(self, hidden: nn.Module, skip: nn.Module) -> None:
        super().__init__()
        self.hidden = hidden
        self.skip = skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the outputs, (n, m), for inputs ``x`` of shape (n, d)."""
        return self.hidden(x) + self.skip(x)


def make_module(network: Mapping[str, Any], dtype: Any = "float64") -> nn.Module:
    """Make a module of the weights of a network.

    Parameters
    ----------
    network : mapping
        The attributes of a `TwoLayerNetwork` by name.
    dtype : str or torch.dtype
        Type of the parameters: float16, bfloat16, float32 or float64.

    Returns
    -------
    torch.nn.Module
        ``Sequential(Linear, ReLU or LeakyReLU, Linear)``; with a linear part a `SkipConnection`.

    Raises
    ------
    ValueError
        If there is no such type, or a weight is too large for it.
    """
    name = str(dtype).removeprefix("torch.")
    if name not in _DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(_DTYPES)}, got {dtype!r}")
    slope = network["negative_slope"]
    hidden = nn.Sequential(
        _layer(network["W"], network["hidden_bias"], name),
        nn.LeakyReLU(slope) if slope else nn.ReLU(),
        _layer(network["A"], network["output_bias"], name),
    )
    if not network["linear"].any():
        return hidden
    return SkipConnection(hidden, _layer(network["linear"], None, name))


def _layer(matrix: Array, bias: Array | None, dtype: str) -> nn.Module:
    outputs, inputs = matrix.shape
    # Without random weights: the state of torch's generator is the user's.
    layer = nn.utils.skip_init(
        nn.Linear, inputs, outputs, bias=bias is not None, dtype=getattr(torch, dtype)
    )
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(matrix))
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    if not all(torch.isfinite(each).all() for each in layer.parameters()):
        raise ValueError(f"a weight is too large for {dtype}; choose another dtype")
    return layer


def read_module(module: Any) -> dict[str, Any]:
    """Read the network of a module, as it is in eval mode.

    Returns
    -------
    dict
        The arguments of `TwoLayerNetwork`.

    Raises
    ------
    TypeError
        If it is no ``torch.nn.Module``.
    ValueError
        If it is no two-layer network; the message names the layer or node.
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"module is a {type(module).__name__}; a torch.nn.Module is expected")
    name = type(module).__name__
    with _eval_mode(module), torch.no_grad():
        try:
            network = weights(walk(module))
        except ValueError as error:
            raise ValueError(f"{name} is no two-layer network: {error}") from error
        _check(module, network)
    return network


@contextmanager
def _eval_mode(module: nn.Module) -> Iterator[None]:
    # Part by part: train() on the whole would wake the parts that were frozen.
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


def _check(module: nn.Module, network: dict[str, Any]) -> None:
    """Refuse a module that does something else than its graph shows."""
    A, W, b, c = (network[name] for name in ("A", "W", "hidden_bias", "output_bias"))
    L = np.zeros((len(A), W.shape[1])) if network["linear"] is None else network["linear"]
    held = chain(module.parameters(), module.buffers())
    first = next((each for each in held if each.is_floating_point()), torch.zeros(()))
    inputs = np.random.default_rng(0).standard_normal((16, W.shape[1]))
    X = torch.tensor(inputs).to(first)
    try:
        answers = module(X).cpu().to(torch.float64).numpy()
    except Exception as error:  # Whatever a forward of one's own does with inputs of this shape.
        raise ValueError(f"{type(module).__name__} cannot be run on a matrix: {error}") from error
    X = X.cpu().to(torch.float64).numpy()
    Z = X @ W.T + b
    outputs = np.where(Z > 0.0, Z, network["negative_slope"] * Z) @ A.T + X @ L.T + c
    with np.errstate(over="ignore", invalid="ignore"):
        # What the sums would be if their terms were independent: rounding errors are far below.
        scale = np.sqrt((X**2 @ (W**2).T + b**2) @ (A**2).T + X**2 @ (L**2).T + c**2)
        # [rounding] Ten times the root of eps lets TF32 pass; half precision needs a limit.
        tolerance = min(0.2, 10.0 * torch.finfo(first.dtype).eps ** 0.5)
        alike = (
            answers.shape == outputs.shape
            and not (abs(answers - outputs) > tolerance * scale).any()
        )
    if not alike:
        raise ValueError(
            f"{type(module).__name__} predicts something else than its layers: a hook, a change in "
            "place or random numbers may be the reason; pass a module that has layers only"
        )
