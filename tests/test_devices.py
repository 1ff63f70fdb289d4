"""Arrays that lie on a device: nothing is brought to main memory but sums, whoever asks."""

import array_api_strict
import numpy as np
import pytest

from elsewhere import DEVICE, there
from pureneuron import PureNeuronRegressor, recover
from pureneuron.datasets import make_teacher
from pureneuron.devices import is_on_device, native, to_numpy
from pureneuron.results import Status
from pureneuron.samples import ArraySamples, StreamedSamples, on_device


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    teacher = make_teacher(5, 3, 4, rng=rng)
    X = rng.standard_normal((2000, 5))
    return X, teacher.predict(X) + 0.05 * rng.standard_normal((2000, 4))


def test_the_stand_in_refuses_what_a_gpu_refuses():
    M = there(np.eye(2))
    with pytest.raises(RuntimeError, match="Can't convert array"):
        np.asarray(M)
    with pytest.raises(ValueError, match="two different devices"):
        M + array_api_strict.asarray(np.eye(2))


def test_what_lies_on_a_device():
    M = np.eye(2)
    assert is_on_device(there(M))
    for value in (M, M.tolist(), 1.0, None, array_api_strict.asarray(M)):
        assert not is_on_device(value)


def test_there_and_back():
    M = np.arange(6.0).reshape(2, 3)[:, ::-1]
    (moved, same), number = native(((M, "text"), 3), there(M))
    assert moved.device == DEVICE
    assert (same, number) == ("text", 3)
    assert np.array_equal(to_numpy(moved), M)


def test_an_estimator_fits_and_predicts_there(data):
    X, Y = data
    plain = PureNeuronRegressor(3, random_state=0).fit(X, Y)
    est = PureNeuronRegressor(3, random_state=0).fit(there(X), there(Y))
    assert est.n_features_in_ == 5
    assert est.components_ == pytest.approx(plain.components_, abs=1e-6)
    outputs, spread = est.predict(there(X), return_std=True)
    expected, expected_spread = plain.predict(X, return_std=True)
    assert outputs.device == spread.device == DEVICE
    assert to_numpy(outputs) == pytest.approx(expected, abs=1e-5)
    assert to_numpy(spread) == pytest.approx(expected_spread, rel=1e-3)
    assert to_numpy(est.transform(there(X))) == pytest.approx(plain.transform(X), abs=1e-5)
    assert est.score(there(X), there(Y)) == pytest.approx(plain.score(X, Y), abs=1e-8)


def test_arrays_that_are_apart_are_refused(data):
    X, Y = data
    weight, other = np.ones(len(X)), array_api_strict.Device("device2")
    for arrays, said in (
        ((there(X), Y), "X is an array of array_api_strict on .*, and Y of numpy on cpu"),
        ((X, there(Y)), "X is an array of numpy on cpu, and Y of array_api_strict"),
        ((there(X), there(Y), weight), "weight of numpy on cpu: bring them together"),
        ((there(X), array_api_strict.asarray(Y, device=other)), "device1.*and Y .*device2"),
    ):
        with pytest.raises(ValueError, match=said):
            PureNeuronRegressor(3, random_state=0).fit(*arrays)


def test_a_vector_of_outputs_stays_one(data):
    X, Y = data
    est = PureNeuronRegressor(3, random_state=0)
    est.fit(there(X), there(Y[:, 0]), there(np.ones(len(X))))
    assert est.predict(there(X)).shape == (2000,)


def test_moments_add_up_there(data):
    X, Y = data
    plain, est = (PureNeuronRegressor(3, random_state=0) for _ in range(2))
    for rows in (slice(0, 1000), slice(1000, None)):
        plain.partial_fit(X[rows], Y[rows])
        est.partial_fit(there(X[rows]), there(Y[rows]))
    assert est.components_ == pytest.approx(plain.components_, abs=1e-8)
    with pytest.raises(ValueError, match="2 output"):
        est.partial_fit(there(X), there(Y[:, :2]))


def test_predictions_keep_the_precision_of_inputs_there(data):
    X, Y = data
    est = PureNeuronRegressor(3, random_state=0).fit(X, Y)
    single = array_api_strict.asarray(X.astype(np.float32), device=DEVICE)
    assert est.predict(single).dtype == array_api_strict.float32
    with pytest.raises(ValueError, match="real floating"):
        est.network_.predict(there(np.ones((2, 5), dtype=np.int64)))
    with pytest.raises(ValueError, match="expected"):
        est.network_.predict(there(np.ones((2, 4))))


@pytest.fixture
def brought_there(monkeypatch):
    """Have PyTorch's place taken by the stand-in."""
    monkeypatch.setattr("pureneuron.samples.device.check_device", lambda device: None)
    monkeypatch.setattr("pureneuron.samples.device.onto", lambda M, device: there(to_numpy(M)))
    return lambda samples: on_device(samples, "device1")


def streamed(X, Y):
    samples = StreamedSamples(lambda: ((X[i : i + 300], Y[i : i + 300], None) for i in (0, 300)))
    samples.notes, samples.fingerprint = ("a note",), "rows"
    return samples


@pytest.mark.parametrize("biases", [False, True])
def test_rows_are_brought_there(data, brought_there, biases):
    X, Y = (M[:600] for M in data)
    options = {"fit_hidden_bias": biases, "fit_intercept": biases, "rng": 0}
    plain = recover(ArraySamples(X, Y), 3, **options)
    for source in (ArraySamples(X, Y), streamed(X, Y)):
        samples = brought_there(source)
        recovery = recover(samples, 3, **options)
        assert recovery.status is plain.status is Status.RECOVERED
        assert recovery.network.match(plain.network).error_W < 1e-6
        assert recovery.loss == pytest.approx(plain.loss, rel=1e-6)


def test_what_is_taken_stays_there(data, brought_there):
    samples = brought_there(streamed(*data))
    assert samples.notes == ("a note",)
    assert samples.fingerprint == "rows"
    for some in (samples.take(np.array([3, 400])), samples.head(2)):
        X, Y, _ = some.arrays()
        assert X.device == Y.device == DEVICE
        assert X.shape == (2, 5)
    assert to_numpy(samples.take(np.array([3, 400])).arrays()[0])[1] == pytest.approx(data[0][400])
    every = samples.every_nth(7).take(np.array([1]))
    assert to_numpy(every.joined().X) == pytest.approx(data[0][7:8])
