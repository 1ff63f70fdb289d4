"""PureNeuronRegressor among scikit-learn, pandas, polars and joblib."""

import io
import sys
import tracemalloc

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pureneuron import PureNeuronRegressor, TwoLayerNetwork
from pureneuron.datasets import make_teacher
from pureneuron.results import Status
from pureneuron.samples import ArraySamples


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    teacher = make_teacher(5, 3, 4, rng=rng)
    X = rng.standard_normal((600, 5))
    return teacher, X, teacher.predict(X) + 0.05 * rng.standard_normal((600, 4))


def test_attributes(data):
    _, X, Y = data
    est = PureNeuronRegressor(3, random_state=0).fit(X, Y)
    network = est.network_
    assert est.components_.shape == (3, 5)
    assert est.mixing_.shape == (4, 3)
    assert np.linalg.norm(est.components_, axis=1) == pytest.approx(np.ones(3))
    assert est.recovery_.status is Status.RECOVERED
    assert est.loss_ == pytest.approx(np.mean((Y - est.predict(X)) ** 2))
    assert est.n_iter_ >= 1
    assert est.n_features_in_ == 5
    assert est.predict(X) == pytest.approx(network.predict(X))
    assert est.transform(X) == pytest.approx(network.hidden(X))
    assert list(est.get_feature_names_out()) == [f"pureneuronregressor{i}" for i in range(3)]
    assert est.score(X, Y) > 0.95


def test_layers_are_laid_out_as_in_mlp_regressor(data):
    _, X, Y = data
    est = PureNeuronRegressor(3, random_state=0).fit(X, Y)
    mlp = MLPRegressor(hidden_layer_sizes=(3,), max_iter=1, solver="lbfgs")
    with pytest.warns(ConvergenceWarning):
        mlp.fit(X, Y)
    mlp.coefs_, mlp.intercepts_ = est.coefs_, est.intercepts_
    assert mlp.predict(X) == pytest.approx(est.predict(X))


def test_vectors_in_vectors_out(data):
    _, X, Y = data
    est = PureNeuronRegressor(1, random_state=0)
    with pytest.warns(ConvergenceWarning):
        est.fit(X, Y[:, 0])
    assert est.predict(X).shape == (600,)
    assert est.mixing_.shape == (1, 1)


def test_float32_in_float32_out(data):
    _, X, Y = data
    est = PureNeuronRegressor(3, random_state=0).fit(X.astype(np.float32), Y.astype(np.float32))
    assert est.predict(X.astype(np.float32)).dtype == np.float32
    assert est.transform(X.astype(np.float32)).dtype == np.float32
    double = PureNeuronRegressor(3, random_state=0).fit(X, Y)
    assert est.network_.match(double.network_).error_W < 1e-10


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_frames_keep_their_names(data, frame):
    _, X, Y = data
    names = [f"stimulus_{i}" for i in range(5)]
    inputs = frame({name: X[:, i] for i, name in enumerate(names)})
    outputs = frame({f"cell_{i}": Y[:, i] for i in range(4)})
    est = PureNeuronRegressor(3, random_state=0).fit(inputs, outputs)
    assert list(est.feature_names_in_) == names
    assert est.predict(inputs) == pytest.approx(est.network_.predict(X))
    with pytest.raises(ValueError, match="feature names"):
        est.predict(inputs[names[::-1]])
    kind = "pandas" if frame is pd.DataFrame else "polars"
    hidden = est.set_output(transform=kind).transform(inputs)
    assert isinstance(hidden, frame)
    assert list(hidden.columns) == list(est.get_feature_names_out())


def test_errors_name_the_column_of_a_frame(data):
    _, X, Y = data
    inputs = pd.DataFrame(X, columns=list("abcde"))
    inputs.loc[17, "d"] = np.nan
    with pytest.raises(ValueError, match="NaN at row 17, column 'd'"):
        PureNeuronRegressor(3).fit(inputs, Y)


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        (np.ones((4, 2)) + 1j, np.ones(4), "Complex data not supported: X is complex; pass its"),
        (np.eye(4), [1.0, 2.0, 1j, 3.0], "Complex data not supported: y is complex"),
        (np.array([["a", "b"]] * 4), np.arange(4.0), "X holds text: turn it into numbers"),
        (pd.DataFrame({"a": [1, 2], "b": ["u", "v"]}), [1.0, 2.0], "column 'b' of X is of type"),
        (np.eye(4), ["a", "b", "c", "d"], "y holds text: turn it into numbers"),
        ([[1.0], [1.0, 2.0]], [1.0, 2.0], "X is no array of numbers: .*inhomogeneous"),
        (np.ones((4, 2)), np.arange(5.0), "inconsistent numbers of samples"),
        (np.empty((0, 2)), np.empty(0), r"0 sample\(s\)"),
        (np.ones((4, 2)), np.arange(4.0), "X is constant"),
        (np.eye(4), np.ones(4), "Y is constant"),
    ],
)
def test_unusable_arrays_are_refused(X, Y, message):
    with pytest.raises(ValueError, match=message) as error:
        PureNeuronRegressor(1).fit(X, Y)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (-np.inf, "infinity")])
def test_errors_name_the_place_in_outputs_and_weights(data, value, name):
    _, X, Y = data
    Y[3, 1] = value
    with pytest.raises(ValueError, match=f"Input Y contains {name} at row 3, column 'y1'"):
        PureNeuronRegressor(3).fit(X, Y)
    with pytest.raises(ValueError, match=f"Input Y contains {name} at row 3, column 'y0'"):
        PureNeuronRegressor(3).fit(X, Y[:, 1])
    weight = np.ones(600)
    weight[7] = value
    with pytest.raises(ValueError, match=f"Input sample_weight contains {name} at row 7"):
        PureNeuronRegressor(3).fit(X, np.ones((600, 4)), sample_weight=weight)


def test_weights_must_be_a_vector_with_a_weight_a_row(data):
    _, X, Y = data
    with pytest.raises(ValueError, match=r"weight has shape \(600, 1\): a vector"):
        PureNeuronRegressor(3).fit(X, Y, sample_weight=np.ones((600, 1)))
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples.*599"):
        PureNeuronRegressor(3).fit(X, Y, sample_weight=np.ones(599))


def test_predictions_at_other_than_numbers_are_refused(data):
    _, X, Y = data
    est = PureNeuronRegressor(3, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match="X is complex"):
        est.predict(X + 1j)
    with pytest.raises(ValueError, match="X holds text"):
        est.transform(X.astype(str))


def test_unfitted():
    with pytest.raises(NotFittedError):
        PureNeuronRegressor().predict(np.ones((2, 2)))


def test_weight_equals_repetition(data):
    _, X, Y = data
    counts = np.random.default_rng(1).integers(0, 3, 600)
    weighted = PureNeuronRegressor(3, random_state=0).fit(X, Y, sample_weight=counts)
    repeated = PureNeuronRegressor(3, random_state=0).fit(
        X.repeat(counts, axis=0), Y.repeat(counts, axis=0)
    )
    assert weighted.loss_ == pytest.approx(repeated.loss_, rel=1e-4)
    assert weighted.network_.match(repeated.network_).error_W < 1e-5


def test_pipeline_and_grid_search(data):
    _, X, Y = data
    pipe = make_pipeline(
        StandardScaler(with_mean=False), PureNeuronRegressor(random_state=0, n_restarts=4)
    )
    grid = GridSearchCV(
        pipe,
        {"pureneuronregressor__n_neurons": [2, 3]},
        cv=KFold(3, shuffle=True, random_state=0),
    )
    with pytest.warns(ConvergenceWarning):  # two neurons are too few, and the fit says so
        grid.fit(X, Y)
    assert grid.best_params_["pureneuronregressor__n_neurons"] == 3
    assert grid.predict(X).shape == Y.shape


def test_clone_and_pickle(data, tmp_path):
    _, X, Y = data
    start = make_teacher(5, 3, 4, rng=1)
    est = PureNeuronRegressor(3, init=start, random_state=0)
    assert clone(est).init is start or np.array_equal(clone(est).init.W, start.W)
    est.fit(X, Y)
    joblib.dump(est, tmp_path / "est.joblib")
    loaded = joblib.load(tmp_path / "est.joblib")
    assert np.array_equal(loaded.predict(X), est.predict(X))
    assert loaded.recovery_.status is Status.RECOVERED


def test_status_other_than_recovered_warns_with_advice(data):
    _, X, Y = data
    with pytest.warns(ConvergenceWarning, match=r"STARTS_DISAGREE: .* raise n_restarts"):
        PureNeuronRegressor(3, init="random", n_restarts=1, random_state=0).fit(X, Y)


def test_few_rows_warn(data):
    _, X, Y = data
    with (
        pytest.warns(UserWarning, match="not much more than"),
        pytest.warns(ConvergenceWarning, match="TOO_FEW_SAMPLES"),
    ):
        PureNeuronRegressor(3, random_state=0).fit(X[:8], Y[:8])


def test_samples_of_any_source(data):
    teacher, X, Y = data
    heard = []
    est = PureNeuronRegressor(3, random_state=0)
    est.fit_samples(ArraySamples(X, Y), callback=heard.append)
    assert est.network_.match(teacher).error_W < 0.01
    assert est.predict(X).shape == Y.shape
    assert heard


def test_names_of_samples_become_feature_names(data):
    _, X, Y = data
    names = [f"stimulus_{i}" for i in range(5)]
    frame = pd.DataFrame(X, columns=names)
    est = PureNeuronRegressor(3, random_state=0).fit(frame, Y)
    est.fit_samples(ArraySamples(X, Y))
    assert not hasattr(est, "feature_names_in_")
    predicted = est.predict(X)  # without a warning that names are missing
    est.fit_samples(ArraySamples(X, Y, input_names=tuple(names)))
    assert list(est.feature_names_in_) == names
    assert np.array_equal(est.predict(frame), predicted)
    with pytest.raises(ValueError, match="feature names"):
        est.predict(frame[names[::-1]])


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("verbose", [0, 1])
def test_verbose_draws_progress_on_standard_error(data, capsys, monkeypatch, verbose):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    _, X, Y = data
    PureNeuronRegressor(3, random_state=0, verbose=verbose).fit(X, Y)
    assert capsys.readouterr().out == ""
    assert ("starting" in screen.getvalue()) is bool(verbose)
    assert bool(screen.getvalue()) is bool(verbose)


def test_paper_alone(data):
    teacher, X, Y = data
    est = PureNeuronRegressor(3, init="moments", refine=False, random_state=0).fit(X, Y)
    assert isinstance(est.network_, TwoLayerNetwork)
    assert est.network_.match(teacher).error_W < 0.2
    assert est.recovery_.n_iter == 0


class TestErrors:
    """Standard errors, through the estimator."""

    def test_groups_and_weights_reach_them(self, data):
        _, X, Y = data
        weight = np.random.default_rng(1).uniform(0.5, 2.0, len(X))
        groups = np.repeat([f"subject {i}" for i in range(30)], 20)
        est = PureNeuronRegressor(3, random_state=0).fit(X, Y, weight, groups)
        errors = est.recovery_.standard_errors
        assert (errors.kind, errors.freedom) == ("groups", 29.0)
        same = PureNeuronRegressor(3, random_state=0).fit_samples(
            ArraySamples(X, Y, weight, groups=groups)
        )
        assert np.array_equal(same.recovery_.standard_errors.covariance, errors.covariance)
        # The order of the rows and the names of the groups do not matter.
        order = np.random.default_rng(2).permutation(len(X))
        codes = -np.repeat(np.arange(30), 20)
        other = PureNeuronRegressor(3, init=est.network_, random_state=0)
        other.fit(X[order], Y[order], sample_weight=weight[order], groups=codes[order])
        found = other.recovery_.standard_errors
        assert found.A == pytest.approx(errors.A, rel=1e-2)
        # Without groups they are others.
        plain = PureNeuronRegressor(3, random_state=0).fit(X, Y, weight)
        assert plain.recovery_.standard_errors.kind == "iid"
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            est.fit(X, Y, groups=groups[:-1])

    @pytest.mark.parametrize("errors", ["iid", "robust", "serial"])
    def test_what_is_assumed_of_the_noise_may_be_said(self, data, errors):
        _, X, Y = data
        est = PureNeuronRegressor(3, errors=errors, random_state=0).fit(X, Y)
        assert est.recovery_.standard_errors.kind == errors
        with pytest.raises(ValueError, match="errors must be 'auto', 'iid', 'robust' or 'serial'"):
            clone(est).set_params(errors="groups").fit(X, Y)

    def test_errors_of_many_predictions_take_little_memory(self):
        teacher = make_teacher(8, 6, 6, rng=0)
        rng = np.random.default_rng(0)
        X = rng.standard_normal((1000, 8))
        Y = teacher.predict(X) + 0.1 * rng.standard_normal((1000, 6))
        est = PureNeuronRegressor(6, random_state=0).fit(X, Y)
        many = rng.standard_normal((20_000, 8))
        tracemalloc.start()
        spread = est.predict(many, return_std=True)[1]
        peak = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        # What moves the outputs of all rows at once is six times 80 MiB.
        assert peak < 80.0
        assert spread[-5:] == pytest.approx(est.predict(many[-5:], return_std=True)[1])

    def test_errors_of_predictions(self, data):
        teacher, X, Y = data
        est = PureNeuronRegressor(3, random_state=0).fit(X, Y)
        fresh = np.random.default_rng(3).standard_normal((400, 5))
        outputs, spread = est.predict(fresh, return_std=True)
        assert np.array_equal(outputs, est.predict(fresh))
        assert outputs.shape == spread.shape == (400, 4)
        # Errors of one fit go together: a half of them could be off by twice their size.
        known = spread == 0.0  # where no unit is on
        assert np.array_equal(outputs[known], teacher.predict(fresh)[known])
        scores = (outputs - teacher.predict(fresh))[~known] / spread[~known]
        assert 0.5 < np.sqrt(np.mean(scores**2)) < 1.7
        vector = PureNeuronRegressor(1, random_state=0)
        with pytest.warns(ConvergenceWarning):
            vector.fit(X, Y[:, 0])
        assert vector.predict(fresh, return_std=True)[1].shape == (400,)
        alone = PureNeuronRegressor(3, refine=False, random_state=0).fit(X, Y)
        with pytest.raises(ValueError, match="return_std=True: standard errors are made for"):
            alone.predict(fresh, return_std=True)

    def test_they_survive_pickling(self, data, tmp_path):
        _, X, Y = data
        est = PureNeuronRegressor(3, random_state=0).fit(X, Y, groups=np.arange(600) % 50)
        joblib.dump(est, tmp_path / "model.joblib")
        loaded = joblib.load(tmp_path / "model.joblib")
        for one, other in zip(est.predict(X, True), loaded.predict(X, True), strict=True):
            assert np.array_equal(one, other)
        assert loaded.recovery_.standard_errors.kind == "groups"
        assert np.array_equal(loaded.recovery_.conf_int(0.9).W, est.recovery_.conf_int(0.9).W)

    def test_levels_of_intervals_are_checked(self, data):
        _, X, Y = data
        recovery = PureNeuronRegressor(3, random_state=0).fit(X, Y).recovery_
        for level in (0.0, 1.0, 95):
            with pytest.raises(ValueError, match="level must lie between 0 and 1"):
                recovery.conf_int(level)


def test_outputs_keep_the_names_of_their_columns():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.standard_normal((300, 3)), columns=["a", "b", "c"])
    Y = np.maximum(X.to_numpy()[:, :2], 0.0) + 0.1 * rng.standard_normal((300, 2))
    for y, names in (
        (pd.DataFrame(Y, columns=["left", "right"]), ("left", "right")),
        (pd.Series(Y[:, 0], name="rate"), ("rate",)),
        (pd.Series(Y[:, 0]), ("y0",)),
        (pd.DataFrame(Y), ("y0", "y1")),
        (Y, ("y0", "y1")),
    ):
        est = PureNeuronRegressor(len(names), random_state=0).fit(X, y)
        assert est.recovery_.output_names == names
