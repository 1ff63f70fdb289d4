"""Where nothing can be recovered, or not by moments: what is said there.

    python -m experiments.paper.degenerate

Every case breaks one condition of the theorems, or of the model. What counts is that no wrong
network is called recovered, and that the status names the cause.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher, symmetric_inputs
from pureneuron.model import unit_rows
from pureneuron.samples import ArraySamples
from pureneuron.typing import Array

from .trials import publish

_D, _K, _M, _N, _NOISE, _TRIALS = 6, 4, 5, 3000, 0.05, 10
# Summed squared error of A and W up to which a network counts as the right one.
_RIGHT = 0.5

Drawn = tuple[Array, Array, TwoLayerNetwork | None]
"""Inputs, outputs, and the network behind them; None where there is none that could be found."""


def _labelled(
    rng: np.random.Generator, X: Array, network: TwoLayerNetwork, *, found: bool = True
) -> Drawn:
    clean = network.predict(X)
    noise = _NOISE * clean.std() * rng.standard_normal(clean.shape)
    return X, clean + noise, network if found else None


def _teacher(rng: np.random.Generator) -> TwoLayerNetwork:
    return make_teacher(_D, _K, _M, rng=rng)


def _gaussian(rng: np.random.Generator) -> Array:
    return symmetric_inputs(_N, _D, rng=rng)


def healthy(rng: np.random.Generator) -> Drawn:
    """Nothing is wrong."""
    return _labelled(rng, _gaussian(rng), _teacher(rng))


def signs_at_45_degrees(rng: np.random.Generator) -> Drawn:
    """±1 inputs, rows of W at 45° in pairs: N is singular, and W one of many."""
    pairs = np.eye(_D)[:4].reshape(-1, 2, _D)
    W = np.concatenate([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]])
    network = TwoLayerNetwork(_teacher(rng).A, unit_rows(W))
    return _labelled(rng, symmetric_inputs(_N, _D, "rademacher", rng=rng), network)


def equal_rows_of_W(rng: np.random.Generator) -> Drawn:
    """Two neurons with the same input weights: one, in truth."""
    teacher = _teacher(rng)
    W = teacher.W.copy()
    W[1] = W[0]
    return _labelled(rng, _gaussian(rng), TwoLayerNetwork(teacher.A, W), found=False)


def opposite_rows_of_W(rng: np.random.Generator) -> Drawn:
    """Two neurons with opposite input weights: B has rank k − 1, yet the network is unique."""
    teacher = _teacher(rng)
    W = teacher.W.copy()
    W[1] = -W[0]
    return _labelled(rng, _gaussian(rng), TwoLayerNetwork(teacher.A, W))


def rows_of_W_in_a_plane(rng: np.random.Generator) -> Drawn:
    """W of rank 2: k above what the moments allow, yet the network is unique."""
    teacher = _teacher(rng)
    W = unit_rows(rng.standard_normal((_K, 2)) @ teacher.W[:2])
    return _labelled(rng, _gaussian(rng), TwoLayerNetwork(teacher.A, W))


def equal_columns_of_A(rng: np.random.Generator) -> Drawn:
    """Two neurons with the same output weights: A of rank k − 1, yet the network is unique."""
    teacher = _teacher(rng)
    A = teacher.A.copy()
    A[:, 1] = A[:, 0]
    return _labelled(rng, _gaussian(rng), TwoLayerNetwork(A, teacher.W))


def a_dead_neuron(rng: np.random.Generator) -> Drawn:
    """One column of A is zero."""
    teacher = _teacher(rng)
    A = teacher.A.copy()
    A[:, 0] = 0.0
    return _labelled(rng, _gaussian(rng), TwoLayerNetwork(A, teacher.W), found=False)


def one_neuron_more(rng: np.random.Generator) -> Drawn:
    """There is one neuron more than asked for."""
    return _labelled(rng, _gaussian(rng), make_teacher(_D, _K + 1, _M, rng=rng), found=False)


def one_neuron_less(rng: np.random.Generator) -> Drawn:
    """There is one neuron less than asked for."""
    return _labelled(rng, _gaussian(rng), make_teacher(_D, _K - 1, _M, rng=rng), found=False)


def asymmetric_inputs(rng: np.random.Generator) -> Drawn:
    """Exponential inputs: no symmetry for the moments, yet the network is unique."""
    return _labelled(rng, rng.exponential(size=(_N, _D)) - 1.0, _teacher(rng))


def inputs_along_axes(rng: np.random.Generator) -> Drawn:
    """One input at a time: N is singular, yet the network is unique."""
    axes = np.eye(_D)[rng.integers(_D, size=_N)] * rng.standard_normal((_N, 1))
    return _labelled(rng, axes, _teacher(rng))


def twelve_inputs_again_and_again(rng: np.random.Generator) -> Drawn:
    """Only twelve different inputs."""
    return _labelled(rng, _gaussian(rng)[rng.integers(12, size=_N)], _teacher(rng), found=False)


def hardly_any_rows(rng: np.random.Generator) -> Drawn:
    """Just as many measured outputs as unknowns."""
    return _labelled(rng, _gaussian(rng)[:9], _teacher(rng), found=False)


def noise_alone(rng: np.random.Generator) -> Drawn:
    """Nothing but noise in the outputs."""
    return _gaussian(rng), rng.standard_normal((_N, _M)), None


def a_linear_map(rng: np.random.Generator) -> Drawn:
    """No rectifiers at all."""
    X, teacher = _gaussian(rng), _teacher(rng)
    Y = X @ teacher.W.T @ teacher.A.T
    return X, Y + _NOISE * Y.std() * rng.standard_normal(Y.shape), None


def sigmoids(rng: np.random.Generator) -> Drawn:
    """Neurons of another kind."""
    X, teacher = _gaussian(rng), _teacher(rng)
    Y = np.tanh(2.0 * X @ teacher.W.T) @ teacher.A.T
    return X, Y + _NOISE * Y.std() * rng.standard_normal(Y.shape), None


def hidden_biases(rng: np.random.Generator) -> Drawn:
    """Neurons with biases, which are not fitted."""
    teacher = _teacher(rng)
    biased = TwoLayerNetwork(teacher.A, teacher.W, hidden_bias=np.full(_K, 0.7))
    return _labelled(rng, _gaussian(rng), biased, found=False)


def gross_errors(rng: np.random.Generator) -> Drawn:
    """One row in a hundred is off by a hundred standard deviations."""
    X, Y, network = _labelled(rng, _gaussian(rng), _teacher(rng))
    rows = rng.choice(_N, _N // 100, replace=False)
    Y[rows] += 100.0 * rng.standard_normal((len(rows), _M))
    return X, Y, network


CASES: dict[str, Callable[[np.random.Generator], Drawn]] = {
    case.__name__: case
    for case in (
        healthy,
        signs_at_45_degrees,
        equal_rows_of_W,
        opposite_rows_of_W,
        rows_of_W_in_a_plane,
        equal_columns_of_A,
        a_dead_neuron,
        one_neuron_more,
        one_neuron_less,
        asymmetric_inputs,
        inputs_along_axes,
        twelve_inputs_again_and_again,
        hardly_any_rows,
        noise_alone,
        a_linear_map,
        sigmoids,
        hidden_biases,
        gross_errors,
    )
}


def trial(task: tuple[str, int]) -> dict[str, Any]:
    """Recover from one data set by the moments alone and by the whole pipeline."""
    name, seed = task
    X, Y, network = CASES[name](np.random.default_rng(seed))
    result: dict[str, Any] = {}
    for method, refine in (("moments", False), ("pipeline", True)):
        recovery = recover(ArraySamples(X, Y), _K, refine=refine, rng=seed)
        right = False
        if network is not None:
            match = recovery.network.match(network)
            right = match.error_A + match.error_W < _RIGHT
        result[method] = {
            "status": recovery.status.name,
            "reason": recovery.reason,
            "right": bool(right),
        }
    return result


def main() -> None:
    """Run all trials, and write ``degenerate.json`` and ``degenerate.md``."""
    publish("degenerate", trial, [(name, seed) for name in CASES for seed in range(_TRIALS)], _page)


def _page(results: list[dict[str, Any]]) -> list[str]:
    lines = [
        "# Degenerate cases",
        "",
        f"Made by `make paper`. d = {_D}, k = {_K}, m = {_M}, n = {_N:,}, noise {_NOISE} of the "
        f"signal, {_TRIALS} trials each; a network is right if the summed squared error of A and W "
        f"is below {_RIGHT}. *Wrong* counts the trials in which another network was called "
        "RECOVERED.",
        "",
        "| case | moments alone | wrong | default fit | wrong | what it says (most frequent) |",
        "|---|---|---|---|---|---|",
    ]
    for name, case in CASES.items():
        here = [r for r in results if r["key"][0] == name]
        cells = [(case.__doc__ or "").strip().rstrip(".")]
        for method in ("moments", "pipeline"):
            counts = Counter(r[method]["status"] for r in here).most_common()
            cells.append(", ".join(f"{status} {count}" for status, count in counts))
            wrong = [
                r for r in here if r[method]["status"] == "RECOVERED" and not r[method]["right"]
            ]
            cells.append(str(len(wrong)))
        most = Counter(r["pipeline"]["status"] for r in here).most_common(1)[0][0]
        cells.append(next(r for r in here if r["pipeline"]["status"] == most)["pipeline"]["reason"])
        lines.append("| " + " | ".join(cells) + " |")
    return lines


if __name__ == "__main__":
    main()
