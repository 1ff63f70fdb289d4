"""scikit-learn's multi-layer perceptrons with one hidden layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted

__all__ = ["make_estimator", "read_estimator"]


def make_estimator(network: Mapping[str, Any]) -> MLPRegressor:
    """Make a fitted ``MLPRegressor`` of the weights of a network.

    It predicts the same, can be trained further (``partial_fit``) and scored; what a fit by
    scikit-learn would have seen on its way (``loss_``) it does not have.

    Parameters
    ----------
    network : mapping
        The attributes of a `TwoLayerNetwork` by name.

    Raises
    ------
    ValueError
        If the network has a linear part or a leaky rectifier, which ``MLPRegressor`` has not.
    """
    A, W = network["A"], network["W"]
    slope = network["negative_slope"]
    if network["linear"].any():
        raise ValueError("the network has a linear part, which MLPRegressor cannot express")
    if slope:
        raise ValueError(
            f"the network has negative_slope={slope:g}, and MLPRegressor knows no leaky ReLU"
        )
    estimator = MLPRegressor(hidden_layer_sizes=(len(W),), activation="relu")
    # Copies: networks are read-only, and partial_fit writes in place.
    estimator.coefs_ = [W.T.copy(), A.T.copy()]
    estimator.intercepts_ = [network["hidden_bias"].copy(), network["output_bias"].copy()]
    estimator.n_features_in_ = W.shape[1]
    estimator.n_outputs_ = len(A)
    estimator.n_layers_ = 3
    estimator.out_activation_ = "identity"
    # Where a training that goes on begins to count.
    estimator.n_iter_ = estimator.t_ = 0
    estimator.loss_curve_, estimator.best_loss_ = [], np.inf
    estimator.validation_scores_ = estimator.best_validation_score_ = None
    return estimator


def read_estimator(estimator: Any) -> dict[str, Any]:
    """Read the network of an ``MLPRegressor`` or ``MLPClassifier``.

    The network of a classifier gives what stands before the softmax or logistic function: a logit
    for each class, or one where there are two classes.

    Returns
    -------
    dict
        The arguments of `TwoLayerNetwork`.

    Raises
    ------
    TypeError
        If it is none of the two.
    ValueError
        If it is not fitted, or is no two-layer ReLU network.
    """
    if not isinstance(estimator, MLPRegressor | MLPClassifier):
        raise TypeError(
            f"estimator is a {type(estimator).__name__}; an MLPRegressor or MLPClassifier is "
            "expected (of a pipeline or a search: the one in it)"
        )
    check_is_fitted(estimator, "coefs_")
    name = type(estimator).__name__
    if estimator.activation != "relu":
        raise ValueError(f"the {name} has activation={estimator.activation!r}; 'relu' is expected")
    if len(estimator.coefs_) != 2:
        layers = len(estimator.coefs_) - 1
        raise ValueError(f"the {name} has {layers} hidden layers; one is expected")
    ending = estimator.out_activation_
    if isinstance(estimator, MLPRegressor) and ending != "identity":
        raise ValueError(f"the outputs of the {name} go through {ending!r}; 'identity' is expected")
    (first, last), (hidden_bias, output_bias) = estimator.coefs_, estimator.intercepts_
    return {
        "A": last.T,
        "W": first.T,
        "hidden_bias": hidden_bias,
        "output_bias": output_bias,
    }
