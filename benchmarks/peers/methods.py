"""Who takes part, and with which settings."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, TypeAlias

import numpy as np

from pureneuron.typing import Array

from .problems import Cell, Problem
from .trace import Trace

__all__ = ["METHODS", "Fit", "Method", "Predict"]

Predict: TypeAlias = Callable[[Array], Array]
Fit: TypeAlias = Callable[..., Predict]
"""``fit(problem, trace, rng, **setting)``: record losses, return the fitted function."""


@dataclass(frozen=True)
class Method:
    """One competitor.

    Attributes
    ----------
    label : str
        For the table.
    packages : tuple of str
        Distributions whose versions belong beside the figures.
    where : str
        ``module:function``. The module is imported by the process that fits, and there alone.
    settings : mapping
        Keyword arguments by the name of the setting. Each is a run of its own, with a budget of its
        own, and the best in hindsight counts.
    largest : int or None
        Size beyond which a dense Jacobian does not fit; those methods fit no biases either.
    same_model : bool
        Whether it fits the network that we fit. One that fits more (biases) has a lower minimum,
        which is not the best known of the others.
    to_its_end : bool
        Whether it runs until it ends by itself, whatever the budget: its whole time is of interest.
    """

    label: str
    packages: tuple[str, ...]
    where: str
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"": {}})
    largest: int | None = None
    same_model: bool = True
    to_its_end: bool = False

    def applies(self, cell: Cell) -> bool:
        """Whether this method is asked to fit the cell."""
        fits = self.largest is None or (cell.size <= self.largest and not cell.law)
        return fits and (cell.peers or "pureneuron" in self.packages)

    @property
    def versions(self) -> list[str]:
        """The packages with their versions, as installed here."""
        return [f"{package} {version(package)}" for package in self.packages]

    def fit(
        self, problem: Problem, trace: Trace, rng: np.random.Generator, setting: str
    ) -> Predict:
        """Fit once, with the setting of this name."""
        module, function = self.where.split(":")
        fit: Fit = getattr(importlib.import_module(f".{module}", __package__), function)
        return fit(problem, trace, rng, **self.settings[setting])


METHODS = {
    "reference": Method(
        "started at the truth", ("pureneuron", "numpy"), "ours:fit_from_truth", to_its_end=True
    ),
    "ours": Method("pureneuron", ("pureneuron", "numpy"), "ours:fit", to_its_end=True),
    "adam": Method(
        "PyTorch Adam, full batch, float32",
        ("torch",),
        "torch_adam:fit",
        {f"step {step:g}": {"step": step} for step in (0.003, 0.01, 0.03, 0.1)},
    ),
    "lbfgs": Method(
        "PyTorch L-BFGS, strong Wolfe",
        ("torch",),
        "torch_lbfgs:fit",
        {precision: {"precision": precision} for precision in ("float32", "float64")},
    ),
    "sklearn-lbfgs": Method(
        "scikit-learn MLPRegressor, lbfgs",
        ("scikit-learn",),
        "sklearn_mlp:fit_lbfgs",
        same_model=False,
    ),
    "sklearn-adam": Method(
        "scikit-learn MLPRegressor, adam",
        ("scikit-learn",),
        "sklearn_mlp:fit_adam",
        {
            "batch 200, step 0.0001": {"batch": 200, "step": 1e-4},
            "batch 200, step 0.001": {"batch": 200, "step": 1e-3},
            "full batch, step 0.01": {"batch": None, "step": 1e-2},
            "full batch, step 0.03": {"batch": None, "step": 3e-2},
        },
        same_model=False,
    ),
    "scipy": Method(
        "SciPy least_squares",
        ("scipy",),
        "scipy_least_squares:fit",
        {algorithm: {"algorithm": algorithm} for algorithm in ("trf", "lm")},
        largest=10,
    ),
    "optimistix": Method(
        "optimistix Levenberg–Marquardt (JAX)",
        ("optimistix", "jax"),
        "optimistix_lm:fit",
        {solver: {"solver": solver} for solver in ("QR", "Cholesky")},
        largest=10,
    ),
}
