"""Fitted scikit-learn estimators, pipelines and searches as boxes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.utils.validation import check_is_fitted

from pureneuron.identify.boxes.box import Box, Link
from pureneuron.typing import AnyArray, Array

__all__ = ["estimator_box"]


def estimator_box(estimator: BaseEstimator) -> Box:
    """Make a box of a fitted regressor or classifier.

    Two classes are answered with the probability of the second one, through a sigmoid. More are
    answered with all their probabilities: through a softmax, or through sigmoids where a row may
    belong to several of them.

    Raises
    ------
    TypeError
        If the estimator is neither a regressor nor a classifier.
    ValueError
        If it is not fitted, or tells several labels of more than two classes each.
    """
    name = type(estimator).__name__
    if is_classifier(estimator):
        check_is_fitted(estimator)
        method, chosen, link, names = _classifier(estimator, name)
    elif is_regressor(estimator):
        check_is_fitted(estimator)
        method, chosen, link, names = "predict", np.asarray, "identity", None
    else:
        raise TypeError(
            f"{name} is neither a regressor nor a classifier: pass the method that is to answer, "
            "such as its transform"
        )
    return Box(
        partial(_answers, estimator, method, chosen),
        getattr(estimator, "n_features_in_", None),
        link,
        name,
        names,
    )


_Choice = tuple[str, Callable[[Any], AnyArray], Link, tuple[str, ...] | None]


def _classifier(estimator: Any, name: str) -> _Choice:
    """Return the method to ask, what of its result is the answer, the link and the names."""
    if not hasattr(estimator, "predict_proba"):
        return "decision_function", np.asarray, "identity", None
    classes = estimator.classes_
    if isinstance(classes, list):
        if any(len(each) != 2 for each in classes):
            raise ValueError(
                f"{name} tells several labels of more than two classes: pass a function that "
                "answers with one of them"
            )
        return "predict_proba", _second_columns, "sigmoid", None
    names = tuple(str(each) for each in classes)
    if _has_labels(estimator):
        return "predict_proba", np.asarray, "sigmoid", names
    if len(names) == 2:
        return "predict_proba", _second_column, "sigmoid", names[1:]
    return "predict_proba", np.asarray, "softmax", names


def _has_labels(estimator: Any) -> bool:
    """Say whether a row may belong to several classes. Two such labels look like two classes."""
    while True:
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            break
    sigmoids = getattr(estimator, "out_activation_", None) == "logistic"
    several = getattr(estimator, "n_outputs_", 1) > 1
    return bool(getattr(estimator, "multilabel_", False) or (sigmoids and several))


def _second_column(probabilities: AnyArray) -> AnyArray:
    return probabilities[:, 1]


def _second_columns(probabilities: list[AnyArray]) -> AnyArray:
    return np.column_stack([each[:, 1] for each in probabilities])


def _answers(estimator: Any, method: str, chosen: Callable[[Any], AnyArray], X: Array) -> AnyArray:
    with warnings.catch_warnings():
        # Where no data frame can be made the columns have no names, which changes no answer.
        warnings.filterwarnings("ignore", "X does not have valid feature names", UserWarning)
        return chosen(getattr(estimator, method)(_named(estimator, X)))


def _named(estimator: Any, X: Array) -> AnyArray:
    """Return the rows with the names of the fit: a pipeline may select columns by them."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        return X
    if find_spec("pandas"):
        return import_module("pandas").DataFrame(X, columns=names)
    if find_spec("polars"):
        return import_module("polars").DataFrame(X, schema=list(names))
    return X
