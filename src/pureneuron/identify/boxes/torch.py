"""PyTorch modules as boxes. Nothing here imports torch: who has a module has imported it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from pureneuron.identify.boxes.box import ENDINGS, Box, Link
from pureneuron.typing import Array

__all__ = ["is_torch_module", "module_box"]


def is_torch_module(source: object) -> bool:
    """Say whether ``source`` is a module, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.nn.Module)


def module_box(module: Any) -> Box:
    """Make a box of a ``torch.nn.Module`` that maps a matrix to a matrix or vector.

    It is asked in eval mode and without gradients, on the device and in the type of its first
    parameter; afterwards each of its parts is back in the mode that it was in. A softmax or sigmoid
    that ends a ``Sequential`` becomes the link.
    """
    link, values = _ending(module)
    name = type(module).__name__
    return Box(partial(_answers, module, values), _n_inputs(module), link, name, None)


def _answers(module: Any, values: Callable[[Array], Array], X: Array) -> Array:
    torch = sys.modules["torch"]
    first = next((each for each in module.parameters() if each.is_floating_point()), None)
    dtype = torch.get_default_dtype() if first is None else first.dtype
    device = None if first is None else first.device
    with torch.no_grad(), _in_eval_mode(module):
        answers = module(torch.tensor(X, dtype=dtype, device=device))
    if not isinstance(answers, torch.Tensor):
        raise TypeError(
            f"{type(module).__name__} answers with {type(answers).__name__}, not with a tensor: "
            "pass a function that takes the tensor out of it"
        )
    # First to the CPU: not every device has float64. NumPy has no bfloat16.
    return values(np.asarray(answers.cpu().to(torch.float64).numpy()))


@contextmanager
def _in_eval_mode(module: Any) -> Iterator[None]:
    # Part by part: train() on the whole would wake the parts that were frozen.
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


def _ending(module: Any) -> tuple[Link, Callable[[Array], Array]]:
    nn = sys.modules["torch"].nn
    while isinstance(module, nn.Sequential) and len(module):
        module = module[-1]
    if isinstance(module, nn.Sigmoid):
        return ENDINGS["Sigmoid"]
    for kind, name in ((nn.Softmax, "Softmax"), (nn.LogSoftmax, "LogSoftmax")):
        if isinstance(module, kind) and module.dim in (1, -1):
            return ENDINGS[name]
    return "identity", np.asarray


def _n_inputs(module: Any) -> int | None:
    """Return the number of inputs where the first step tells it."""
    nn = sys.modules["torch"].nn
    while isinstance(module, nn.Sequential) and len(module):
        module = module[0]
    return int(module.in_features) if isinstance(module, nn.Linear) else None
