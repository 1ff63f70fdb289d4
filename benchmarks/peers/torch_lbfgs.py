"""PyTorch L-BFGS with its strong Wolfe line search, on all rows at once.

In float32 each step costs half, in float64 the line search does not stall on rounding: both run.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import torch

from .methods import Predict
from .problems import Problem
from .torch_network import network, predictor, tensors
from .trace import Finished, Trace

__all__ = ["fit"]


def fit(problem: Problem, trace: Trace, rng: np.random.Generator, *, precision: str) -> Predict:
    """Descend until the line search finds nothing more, or the trace is finished."""
    dtype = getattr(torch, precision)
    X, Y = tensors(problem, dtype)
    model = network(problem, rng, dtype)
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        max_iter=10**9,
        max_eval=10**9,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )

    def evaluate() -> torch.Tensor:
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.mse_loss(model(X), Y)
        trace.record(loss.item())
        loss.backward()
        return loss

    with suppress(Finished):
        optimizer.step(evaluate)
    return predictor(model)
