"""Train the bias-free classifier of handwritten digits that the demo identifies.

The network has 64 inputs (pixels of scikit-learn's digits, their mean image subtracted), 10 hidden
rectifiers and 10 outputs, one logit a digit. It minimises the cross-entropy over all 1797 images
plus a little weight decay, with L-BFGS and exact gradients, from several seeded starts. A start
qualifies if every hidden unit is alive, no two are alike, A is well conditioned and the accuracy
is high; of those, the most accurate is kept.

The cross-entropy is that of ten yes-or-no questions, "is it a 7?", each through a logistic
function. A softmax would not do: it ignores what all logits have in common, so that weight decay
drives the sum of the rows of A to zero, and A loses a rank.

Run from the root of the repository::

    python experiments/digits/train_classifier.py

which writes ``src/pureneuron/datasets/data/digits_classifier.safetensors``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from pureneuron.datasets import digits_inputs
from pureneuron.model import TwoLayerNetwork

N_HIDDEN = 10
N_CLASSES = 10
OUTPUT = Path("src/pureneuron/datasets/data/digits_classifier.safetensors")


def objective(
    flat: np.ndarray, X: np.ndarray, targets: np.ndarray, decay: float
) -> tuple[float, np.ndarray]:
    """Mean cross-entropy plus weight decay, and its gradient.

    Parameters
    ----------
    flat : (k·m + k·d,) array
        A and W, flattened one after the other.
    X : (n, d) array
        Inputs.
    targets : (n, m) array
        One-hot classes.
    decay : float
        Factor of half the squared norm of all weights.
    """
    A, W = unflatten(flat, X.shape[1])
    Z = X @ W.T
    H = np.maximum(Z, 0.0)
    logits = H @ A.T
    cross_entropy = (np.logaddexp(0.0, logits) - targets * logits).sum() / len(X)
    residual = (expit(logits) - targets) / len(X)
    gradient_A = residual.T @ H
    gradient_W = ((residual @ A) * (Z > 0.0)).T @ X
    gradient = np.concatenate([gradient_A.ravel(), gradient_W.ravel()])
    return cross_entropy + 0.5 * decay * (flat @ flat), gradient + decay * flat


def unflatten(flat: np.ndarray, n_inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Split the parameter vector into A (m, k) and W (k, d)."""
    size = N_CLASSES * N_HIDDEN
    return flat[:size].reshape(N_CLASSES, N_HIDDEN), flat[size:].reshape(N_HIDDEN, n_inputs)


def train(X: np.ndarray, labels: np.ndarray, *, decay: float, seed: int) -> TwoLayerNetwork:
    """Train from one random start."""
    rng = np.random.default_rng(seed)
    targets = np.eye(N_CLASSES)[labels]
    start = rng.normal(scale=0.3, size=N_HIDDEN * (N_CLASSES + X.shape[1]))
    options = {"maxiter": 400, "maxfun": 800}
    fit = minimize(
        objective, start, args=(X, targets, decay), jac=True, method="L-BFGS-B", options=options
    )
    return TwoLayerNetwork(*unflatten(fit.x, X.shape[1]))


def describe(network: TwoLayerNetwork, X: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Return accuracy, condition of A (with unit rows of W), and how alive and alike units are.

    A unit is as alive as the share of images on which it is active; two are as alike as their
    pre-activations correlate.
    """
    H = network.hidden(X)
    Z = X @ network.W.T
    likeness = np.abs(np.corrcoef(Z.T)) - np.eye(network.n_neurons)
    return {
        "accuracy": float((network.predict(X).argmax(axis=1) == labels).mean()),
        "condition_A": float(np.linalg.cond(network.normalized().A)),
        "active_least": float((H > 0.0).mean(axis=0).min()),
        "active_most": float((H > 0.0).mean(axis=0).max()),
        "correlation_most": float(likeness.max()),
    }


def qualifies(found: dict[str, float]) -> bool:
    """Whether a start may be shipped: accurate, well conditioned, all units alive and distinct."""
    return (
        found["accuracy"] >= 0.97
        and found["condition_A"] < 10.0
        and found["active_least"] > 0.05
        and found["active_most"] < 0.95
        and found["correlation_most"] < 0.9
    )


def main() -> None:
    """Train all starts, print each, save the best."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decay", type=float, default=1e-3, help="weight decay")
    parser.add_argument("--starts", type=int, default=8, help="number of seeds, from 0")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="where to write the weights")
    arguments = parser.parse_args()

    X, labels = digits_inputs()
    best, best_accuracy = None, 0.0
    for seed in range(arguments.starts):
        network = train(X, labels, decay=arguments.decay, seed=seed)
        found = describe(network, X, labels)
        print(f"seed {seed}: " + "  ".join(f"{key} {value:.3f}" for key, value in found.items()))
        if qualifies(found) and found["accuracy"] > best_accuracy:
            best, best_accuracy = network, found["accuracy"]
    if best is None:
        raise SystemExit("no start qualifies: try another weight decay or more starts")
    best.save(arguments.output)
    print(f"wrote {arguments.output}: accuracy {best_accuracy:.4f}")


if __name__ == "__main__":
    main()
