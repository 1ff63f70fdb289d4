"""The network as PyTorch's users write it, and the loss that they minimise."""

from __future__ import annotations

import os

import numpy as np
import torch

from .methods import Predict
from .problems import Problem

__all__ = ["network", "predictor", "tensors"]

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))


def network(problem: Problem, rng: np.random.Generator, dtype: torch.dtype) -> torch.nn.Sequential:
    """Return two linear layers, with biases where the problem has them, as PyTorch starts them."""
    torch.manual_seed(int(rng.integers(2**31)))
    d, k, m = problem.sizes
    return torch.nn.Sequential(
        torch.nn.Linear(d, k, bias=problem.biases, dtype=dtype),
        torch.nn.ReLU(),
        torch.nn.Linear(k, m, bias=problem.biases, dtype=dtype),
    )


def tensors(problem: Problem, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs and outputs."""
    return torch.from_numpy(problem.X).to(dtype), torch.from_numpy(problem.Y).to(dtype)


def predictor(model: torch.nn.Sequential) -> Predict:
    """Return the fitted function, from arrays to arrays, evaluated in float64."""
    model = model.double().requires_grad_(False)
    return lambda X: model(torch.from_numpy(X)).numpy()
