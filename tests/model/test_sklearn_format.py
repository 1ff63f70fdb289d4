import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from networks import differing, inputs, random_network
from pureneuron import TwoLayerNetwork

X = inputs(60)


def fitted(kind, Y, **options):
    estimator = kind(**{"hidden_layer_sizes": (6,), "max_iter": 5, "random_state": 0, **options})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(X, Y)


@pytest.mark.parametrize("m", [1, 3])
def test_regressors_are_read(m):
    Y = np.random.default_rng(0).standard_normal((60, m))
    estimator = fitted(MLPRegressor, Y if m > 1 else Y[:, 0])
    network = TwoLayerNetwork.from_sklearn(estimator)
    assert network.W.shape == (6, 4)
    assert network.predict(X) == pytest.approx(estimator.predict(X).reshape(60, m))


def test_single_precision_estimators_are_read():
    estimator = MLPRegressor(hidden_layer_sizes=(6,), random_state=0)
    estimator.partial_fit(X.astype(np.float32), X[:, :2].astype(np.float32))
    network = TwoLayerNetwork.from_sklearn(estimator)
    assert network.W.dtype == np.float64
    expected = estimator.predict(X.astype(np.float32))
    assert network.predict(X) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_classifiers_give_logits():
    several = fitted(MLPClassifier, np.arange(60) % 3)
    logits = TwoLayerNetwork.from_sklearn(several).predict(X)
    exponentials = np.exp(logits)
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    assert probabilities == pytest.approx(several.predict_proba(X))

    two = fitted(MLPClassifier, np.arange(60) % 2)
    logits = TwoLayerNetwork.from_sklearn(two).predict(X)
    assert logits.shape == (60, 1)
    assert 1.0 / (1.0 + np.exp(-logits[:, 0])) == pytest.approx(two.predict_proba(X)[:, 1])


def test_other_estimators_are_refused():
    Y = X[:, :2]
    with pytest.raises(TypeError, match=r"estimator is a Pipeline.*the one in it"):
        TwoLayerNetwork.from_sklearn(make_pipeline(StandardScaler(), MLPRegressor()))
    with pytest.raises(NotFittedError, match="not fitted"):
        TwoLayerNetwork.from_sklearn(MLPRegressor())
    with pytest.raises(ValueError, match="activation='tanh'"):
        TwoLayerNetwork.from_sklearn(fitted(MLPRegressor, Y, activation="tanh"))
    for sizes, count in (((6, 5), 2), ((), 0)):
        with pytest.raises(ValueError, match=f"has {count} hidden layers"):
            TwoLayerNetwork.from_sklearn(fitted(MLPRegressor, Y, hidden_layer_sizes=sizes))


def test_regressors_that_answer_through_a_function_are_refused():
    estimator = fitted(MLPRegressor, X[:, :2])
    estimator.out_activation_ = "exp"  # As loss="poisson" does, from scikit-learn 1.7 on.
    with pytest.raises(ValueError, match="go through 'exp'"):
        TwoLayerNetwork.from_sklearn(estimator)


@pytest.mark.parametrize("m", [1, 3])
def test_networks_become_regressors(m):
    network = random_network(1, m=m)
    estimator = network.to_sklearn()
    Y = network.predict(X)
    assert estimator.predict(X).shape == ((60, m) if m > 1 else (60,))
    assert estimator.predict(X).reshape(60, m) == pytest.approx(Y)
    assert estimator.score(X, Y) == pytest.approx(1.0)
    assert not differing(TwoLayerNetwork.from_sklearn(estimator), network)
    with pytest.raises(ValueError, match="expecting 4 features"):
        estimator.predict(X[:, :3])
    again = pickle.loads(pickle.dumps(estimator))
    assert np.array_equal(again.predict(X), estimator.predict(X))
    assert clone(estimator).get_params() == estimator.get_params()
    assert not hasattr(clone(estimator), "coefs_")


def test_regressors_can_be_trained_further():
    network = random_network(2)
    Y = network.predict(X) + 1.0
    estimator = network.to_sklearn()
    for _ in range(30):
        estimator.partial_fit(X, Y)
    assert estimator.score(X, Y) > network.to_sklearn().score(X, Y)
    assert not differing(network, random_network(2))


def test_what_a_regressor_cannot_express_is_refused():
    with pytest.raises(ValueError, match="linear part"):
        random_network(0, linear=True).to_sklearn()
    with pytest.raises(ValueError, match=r"negative_slope=0\.2"):
        random_network(0, slope=0.2).to_sklearn()
