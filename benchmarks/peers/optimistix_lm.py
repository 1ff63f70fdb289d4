"""optimistix's Levenberg–Marquardt on JAX, in float64.

It is driven step by step through its solver interface, as its manual shows for debugging, because
``least_squares`` tells nothing on the way; a step takes long enough that this costs nothing.
Compilation is not counted. The damped system is solved by QR, the default, or by Cholesky on
the normal equations, which is less exact and faster: both run.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import numpy as np
import optimistix as optx

from pureneuron import TwoLayerNetwork

from .methods import Predict
from .problems import Problem
from .trace import Finished, Trace

__all__ = ["fit"]

jax.config.update("jax_enable_x64", True)

_TOLERANCE = 1e-12
_SOLVERS = {"QR": lx.QR(), "Cholesky": lx.Normal(lx.Cholesky())}


def fit(problem: Problem, trace: Trace, rng: np.random.Generator, *, solver: str) -> Predict:
    """Step until the solver is satisfied or the trace is finished."""
    d, k, m = problem.sizes
    data = jnp.asarray(problem.X), jnp.asarray(problem.Y)
    weights = (
        jnp.asarray(rng.standard_normal((m, k)) / np.sqrt(k)),
        jnp.asarray(rng.standard_normal((k, d)) / np.sqrt(d)),
    )
    with trace.paused():
        step, blank = _compiled(solver, problem.sizes, len(problem.X))
    state = eqx.tree_at(lambda state: state.y_eval, blank, weights)
    with suppress(Finished):
        while not state.terminate:
            weights, state, loss = step(weights, state, data)
            trace.record(float(loss))
    A, W = weights
    return TwoLayerNetwork(np.asarray(A), np.asarray(W)).predict


@functools.cache
def _compiled(
    solver_name: str, sizes: tuple[int, int, int], n: int
) -> tuple[Callable[..., Any], Any]:
    """Return the step, compiled for these sizes, and a state to begin with."""
    d, k, m = sizes
    solver: Any = optx.LevenbergMarquardt(
        _TOLERANCE, _TOLERANCE, linear_solver=_SOLVERS[solver_name]
    )
    data = jnp.ones((n, d)), jnp.ones((n, m))
    weights = jnp.ones((m, k)), jnp.ones((k, d))
    no_options: dict[str, Any] = {}
    blank = solver.init(
        _residual,
        weights,
        data,
        no_options,
        jax.eval_shape(lambda: data[1]),
        None,
        frozenset(),
    )

    @eqx.filter_jit
    def step(weights: Any, state: Any, data: Any) -> Any:
        weights, state, _ = solver.step(_residual, weights, data, no_options, state, frozenset())
        return weights, state, jnp.mean(state.f_info.residual**2)

    jax.block_until_ready(step(weights, blank, data)[2])
    return step, blank


def _residual(weights: Any, data: Any) -> tuple[jax.Array, None]:
    A, W = weights
    X, Y = data
    return jax.nn.relu(X @ W.T) @ A.T - Y, None
