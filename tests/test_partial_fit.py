"""partial_fit: moments over calls, and the moment estimate of all rows so far."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from pureneuron import PureNeuronRegressor
from pureneuron.datasets import make_teacher
from pureneuron.results import Status


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    teacher = make_teacher(5, 3, 4, rng=rng)
    X = rng.standard_normal((2000, 5))
    return teacher, X, teacher.predict(X) + 0.05 * rng.standard_normal((2000, 4))


def fed(X, Y, *, step=300, weight=None, n_neurons=3, **options):
    est = PureNeuronRegressor(n_neurons, random_state=0, **options)
    for i in range(0, len(X), step):
        rows = slice(i, i + step)
        est.partial_fit(X[rows], Y[rows], None if weight is None else weight[rows])
    return est


@pytest.mark.parametrize("weighted", [False, True])
def test_calls_add_up_to_the_moment_estimate_of_all_rows(data, weighted):
    teacher, X, Y = data
    weight = np.random.default_rng(1).uniform(size=2000) if weighted else None
    est = fed(X, Y, weight=weight)
    whole = PureNeuronRegressor(3, init="moments", refine=False, random_state=0)
    whole.fit(X, Y, sample_weight=weight)
    match = est.network_.match(whole.network_)
    assert max(match.error_A, match.error_W) < 1e-12
    assert est.network_.match(teacher).error_W < 0.02
    assert est.recovery_.status is Status.UNCONFIRMED
    assert est.recovery_.stage("data").figures["n_rows"] == 2000
    assert np.isnan(est.loss_)
    assert est.score(X, Y) > 0.9
    assert est.transform(X).shape == (2000, 3)


def test_the_number_of_neurons_may_be_found(data):
    _, X, Y = data
    assert fed(X, Y, n_neurons="auto").network_.n_neurons == 3


def test_too_few_rows_leave_no_network(data):
    _, X, Y = data
    est = PureNeuronRegressor(3, random_state=0).partial_fit(X[:1], Y[:1])
    with pytest.raises(NotFittedError):
        est.predict(X)
    for i in range(1, 40):
        est.partial_fit(X[i : i + 1], Y[i : i + 1])
    assert est.predict(X).shape == (2000, 4)
    assert est.recovery_.status is not Status.UNCONFIRMED


def test_the_first_call_fixes_the_columns(data):
    _, X, Y = data
    est = PureNeuronRegressor(2, random_state=0).partial_fit(X, Y)
    with pytest.raises(
        ValueError, match="X has 4 features, but PureNeuronRegressor is expecting 5"
    ):
        est.partial_fit(X[:, :4], Y)
    with pytest.raises(ValueError, match=r"y has 3 output\(s\), and 4 in the first call"):
        est.partial_fit(X, Y[:, :3])
    frame = pd.DataFrame(X, columns=list("abcde"))
    named = PureNeuronRegressor(2, random_state=0).partial_fit(frame, Y)
    with pytest.raises(ValueError, match="feature names should match"):
        named.partial_fit(frame[list("edcba")], Y)
    assert named.recovery_.input_names == tuple("abcde")


def test_fit_and_clone_forget(data):
    _, X, Y = data
    est = fed(X[:900], Y[:900])
    again = clone(est)
    with pytest.raises(NotFittedError):
        again.predict(X)
    est.fit(X[:500], Y[:500])
    est.partial_fit(X[500:502], Y[500:502])
    with pytest.raises(NotFittedError):
        est.predict(X)
    est.partial_fit(X[502:1200], Y[502:1200])
    assert est.recovery_.stage("data").figures["n_rows"] == 700


def test_vectors_in_vectors_out(data):
    X = data[1]
    est = PureNeuronRegressor(1, random_state=0).partial_fit(X, np.maximum(X[:, 0], 0.0))
    assert est.predict(X).shape == (2000,)
    assert est.components_ == pytest.approx(np.eye(1, 5), abs=0.1)


@pytest.mark.parametrize(
    "options",
    [
        {"fit_hidden_bias": True},
        {"fit_intercept": True},
        {"fit_linear": True},
        {"negative_slope": "auto"},
        {"noise_covariance": "full"},
        {"init": "random"},
        {"init": make_teacher(5, 3, 4, rng=0)},
    ],
)
def test_what_moments_do_not_know_is_refused(data, options):
    _, X, Y = data
    with pytest.raises(ValueError, match=rf"{next(iter(options))}=.*moments do not serve for that"):
        PureNeuronRegressor(3, **options).partial_fit(X, Y)


def test_bad_values_change_nothing(data):
    _, X, Y = data
    est = fed(X[:900], Y[:900])
    bad = X[900:1000].copy()
    bad[3, 2] = np.nan
    with pytest.raises(ValueError, match=r"row 3.*x2"):
        est.partial_fit(bad, Y[900:1000])
    est.partial_fit(X[900:1000], Y[900:1000])
    assert est.recovery_.stage("data").figures["n_rows"] == 1000
