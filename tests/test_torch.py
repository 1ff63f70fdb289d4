"""Data in PyTorch: tensors for the estimator, and the very kernels on tensors."""

import numpy as np
import pytest

from pureneuron import PureNeuronRegressor, recover
from pureneuron.datasets import make_teacher
from pureneuron.results import Status
from pureneuron.samples import ArraySamples, on_device, read_samples
from pureneuron.samples.protocol import HeldBatches

pytestmark = pytest.mark.extras


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    teacher = make_teacher(5, 3, 4, rng=rng)
    X = rng.standard_normal((600, 5))
    return teacher, X, teacher.predict(X) + 0.05 * rng.standard_normal((600, 4))


def test_estimator_takes_tensors(torch, data):
    _, X, Y = data
    est = PureNeuronRegressor(3, random_state=0).fit(torch.tensor(X), torch.tensor(Y))
    plain = PureNeuronRegressor(3, random_state=0).fit(X, Y)
    assert np.array_equal(est.components_, plain.components_)
    assert est.predict(torch.tensor(X)) == pytest.approx(plain.predict(X))


@pytest.mark.parametrize("options", [{}, {"init": "random"}, {"fit_intercept": True}])
@pytest.mark.parametrize("weighted", [False, True])
def test_kernels_run_on_tensors(torch, data, options, weighted):
    _, X, Y = data
    weight = np.linspace(0.0, 2.0, 600) if weighted else None
    plain = recover(ArraySamples(X, Y, weight), 3, rng=0, **options)
    tensors = ArraySamples(
        torch.tensor(X), torch.tensor(Y), torch.tensor(weight) if weighted else None
    )
    recovery = recover(tensors, 3, rng=0, **options)
    assert recovery.status is Status.RECOVERED
    assert isinstance(recovery.network.W, np.ndarray)
    assert recovery.loss == pytest.approx(plain.loss, rel=1e-6)
    assert recovery.network.match(plain.network).error_W < 1e-6


def test_gradients_of_tensors_are_left_alone(torch, data):
    _, X, Y = data
    samples = ArraySamples(torch.tensor(X, requires_grad=True), torch.tensor(Y))
    assert not samples.arrays()[0].requires_grad
    assert recover(samples, 3, rng=0).status is Status.RECOVERED


def test_single_precision_tensors_are_carried_in_double(torch, data):
    teacher, X, _ = data
    X = X.astype(np.float32)
    Y = teacher.predict(X)
    tensors = ArraySamples(torch.tensor(X), torch.tensor(Y))
    recovery = recover(tensors, 3, rng=0)
    match = recovery.network.match(teacher)
    assert match.error_A + match.error_W < 1e-20


@pytest.mark.parametrize("limit", [None, "10kB"])
def test_files_are_brought_to_tensors(torch, data, limit, tmp_path):
    _, X, Y = data
    np.save(tmp_path / "data.npy", np.hstack([X, Y]))
    samples = read_samples(tmp_path / "data.npy", inputs="0:5", memory_limit=limit)
    there = on_device(samples, "cpu")
    assert isinstance(there, HeldBatches) == (limit is None)
    assert there.input_names == samples.input_names
    assert isinstance(there.head(3).arrays()[0], torch.Tensor)
    assert isinstance(there.take(np.array([5, 599])).arrays()[1], torch.Tensor)
    plain, recovery = (recover(each, 3, rng=0) for each in (samples, there))
    assert recovery.status is Status.RECOVERED
    assert recovery.network.match(plain.network).error_W < 1e-6


def test_a_device_that_is_not_there(torch, data):
    _, X, Y = data
    if torch.cuda.is_available():
        pytest.skip("there is one here")
    for device in ("cuda", "nowhere"):
        with pytest.raises(ValueError, match=f"device='{device}' cannot be used by PyTorch"):
            on_device(ArraySamples(X, Y), device)
