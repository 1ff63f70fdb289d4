"""scikit-learn's own checks of an estimator, with the default parameters."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from pureneuron import PureNeuronRegressor


# The checks fit data that come from no network at all: a status other than RECOVERED is right.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:the .* measured outputs are not much more:UserWarning")
@parametrize_with_checks([PureNeuronRegressor()])
def test_sklearn_compatible(estimator, check):
    check(estimator)
