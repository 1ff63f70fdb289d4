"""scikit-learn's MLPRegressor, without penalty and with tolerances that do not stop it.

It always fits biases as well. That only helps it: its minimum lies below that of the model without.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from pureneuron.typing import Array

from .methods import Predict
from .problems import Problem
from .trace import Finished, Trace

__all__ = ["fit_adam", "fit_lbfgs"]

_TINY = 1e-15
_ENDLESS = 10**9


class _TracedRegressor(MLPRegressor):
    """Passes on every loss that L-BFGS asks for; scikit-learn has no callback there."""

    trace: Trace

    def _loss_grad_lbfgs(self, *args: Any, **kwargs: Any) -> Any:
        loss, gradient = super()._loss_grad_lbfgs(*args, **kwargs)
        self.trace.record(2.0 * loss)  # scikit-learn's is half the mean squared residual
        return loss, gradient


def fit_lbfgs(problem: Problem, trace: Trace, rng: np.random.Generator) -> Predict:
    """Fit by SciPy's L-BFGS until it ends by itself (its ftol is not ours to set)."""
    model = _TracedRegressor(
        hidden_layer_sizes=(problem.n_neurons,),
        solver="lbfgs",
        alpha=0.0,
        tol=_TINY,
        max_iter=_ENDLESS,
        max_fun=_ENDLESS,
        random_state=_seed(rng),
    )
    model.trace = trace
    with suppress(Finished), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(problem.X, _targets(problem))
    return _predictor(model)


def fit_adam(
    problem: Problem, trace: Trace, rng: np.random.Generator, *, batch: int | None, step: float
) -> Predict:
    """Fit epoch by epoch; the loss after each is extra work, and is not counted."""
    model = MLPRegressor(
        hidden_layer_sizes=(problem.n_neurons,),
        solver="adam",
        alpha=0.0,
        batch_size=min(batch or len(problem.X), len(problem.X)),
        learning_rate_init=step,
        random_state=_seed(rng),
    )
    with suppress(Finished), config_context(assume_finite=True):
        while True:
            model.partial_fit(problem.X, _targets(problem))
            with trace.paused():
                loss = float(np.mean((problem.Y - _predictor(model)(problem.X)) ** 2))
            trace.record(loss)
    return _predictor(model)


def _targets(problem: Problem) -> Array:
    """Return the outputs; scikit-learn wants a single one as a vector."""
    return problem.Y if problem.Y.shape[1] > 1 else problem.Y[:, 0]


def _predictor(model: MLPRegressor) -> Predict:
    """Return the fitted function, to matrices."""
    return lambda X: model.predict(X).reshape(len(X), -1)


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))
