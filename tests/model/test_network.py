import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pureneuron import TwoLayerNetwork
from pureneuron.model import load_metadata, match_neurons, save_network, unit_rows


def random_network(seed, *, d=4, k=3, m=5, biases=True, slope=0.0):
    rng = np.random.default_rng(seed)
    return TwoLayerNetwork(
        A=rng.standard_normal((m, k)),
        W=rng.standard_normal((k, d)),
        hidden_bias=rng.standard_normal(k) if biases else None,
        output_bias=rng.standard_normal(m) if biases else None,
        negative_slope=slope,
    )


def test_prediction_by_hand():
    network = TwoLayerNetwork(
        A=[[1.0, -2.0]],
        W=[[1.0, 0.0], [0.0, 1.0]],
        hidden_bias=[0.5, 0.0],
        output_bias=[10.0],
        negative_slope=0.1,
    )
    # x = (1, −3): σ(1.5) = 1.5, σ(−3) = −0.3.
    assert network.predict([[1.0, -3.0]]) == pytest.approx(np.array([[10.0 + 1.5 + 0.6]]))
    assert network.hidden([[1.0, -3.0]]) == pytest.approx(np.array([[1.5, -0.3]]))


@given(seed=st.integers(0, 10**6), slope=st.sampled_from([0.0, 0.2, -0.3]))
def test_normal_form_and_order_keep_the_function(seed, slope):
    network = random_network(seed, slope=slope)
    X = np.random.default_rng(seed + 1).standard_normal((20, 4))
    normal = network.normalized()
    assert np.linalg.norm(normal.W, axis=1) == pytest.approx(np.ones(3))
    assert normal.predict(X) == pytest.approx(network.predict(X))
    assert network.permuted([2, 0, 1]).predict(X) == pytest.approx(network.predict(X))


def test_normal_form_leaves_a_row_of_zeros():
    network = TwoLayerNetwork(A=np.ones((1, 2)), W=[[0.0, 0.0], [3.0, 4.0]])
    assert network.normalized().W.tolist() == [[0.0, 0.0], [0.6, 0.8]]


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_normal_form_of_rows_whose_squares_are_no_numbers(size):
    network = TwoLayerNetwork(A=np.ones((1, 1)), W=size * np.array([[3.0, 4.0]]))
    normal = network.normalized()
    np.testing.assert_allclose(normal.W, [[0.6, 0.8]], rtol=1e-14)
    np.testing.assert_allclose(normal.A, [[5.0 * size]], rtol=1e-14)


def test_weights_cannot_be_changed():
    network = random_network(0)
    with pytest.raises(ValueError, match="read-only"):
        network.W[0, 0] = 1.0
    with pytest.raises(AttributeError):
        network.A = np.zeros((5, 3))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"A": np.ones((2, 3)), "W": np.ones((2, 4))}, "number of neurons"),
        ({"A": np.ones(3), "W": np.ones((3, 4))}, "A must have 2 dimensions"),
        ({"A": np.ones((2, 3)), "W": np.full((3, 4), np.nan)}, "W holds a value that is not"),
        ({"A": np.ones((2, 3)), "W": np.ones((3, 4)), "hidden_bias": np.ones(2)}, "hidden_bias"),
        ({"A": np.ones((2, 3)), "W": np.ones((3, 4)), "output_bias": np.ones(3)}, "output_bias"),
        ({"A": np.ones((2, 3)), "W": np.ones((3, 4)), "negative_slope": 1.0}, "negative_slope"),
        ({"A": np.ones((2, 3)) * 1j, "W": np.ones((3, 4))}, "A is complex"),
        ({"A": np.ones((2, 2)), "W": [[1.0, 1j], [1.0, 0.0]]}, "W is complex"),
        ({"A": [[1.0]], "W": [[1.0]], "hidden_bias": [1j]}, "hidden_bias is complex"),
        ({"A": [[1.0]], "W": [[1.0]], "negative_slope": 0.1j}, "negative_slope is complex"),
    ],
)
def test_impossible_networks_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        TwoLayerNetwork(**weights)


def test_inputs_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"\(n, 4\) is expected"):
        random_network(0).predict(np.ones((2, 3)))
    with pytest.raises(ValueError, match="X is complex"):
        random_network(0).predict(np.ones((2, 4)) + 1j)


@given(seed=st.integers(0, 10**6))
def test_match_sees_through_order_and_scale(seed):
    network = random_network(seed, k=5)
    rng = np.random.default_rng(seed)
    order, scale = rng.permutation(5), rng.uniform(0.1, 10.0, 5)
    other = TwoLayerNetwork(A=network.A[:, order] / scale, W=network.W[order] * scale[:, None])
    match = network.match(other)
    assert np.array_equal(order[match.permutation], np.arange(5))
    assert match.error_A + match.error_W < 1e-28


def test_match_tells_a_flipped_sign_apart():
    W = np.eye(2)
    match = match_neurons(np.eye(2), W, np.eye(2), -W)
    assert match.errors_W.tolist() == [4.0, 4.0]
    assert match.errors_A.tolist() == [0.0, 0.0]
    assert match.cosines_W.tolist() == [-1.0, -1.0]


def test_match_resolves_errors_far_below_rounding_of_cosines():
    network = random_network(3, biases=False).normalized()
    nudged = TwoLayerNetwork(A=network.A, W=network.W + 1e-12)
    assert 1e-25 < network.match(nudged).error_W < 1e-23


def test_metric_compares_pre_activations():
    # The second input hardly varies: weights that differ there respond alike.
    one = TwoLayerNetwork(A=[[1.0]], W=[[1.0, 0.0]])
    other = TwoLayerNetwork(A=[[1.0]], W=[[1.0, 1.0]])
    assert one.match(other).cosines_W[0] == pytest.approx(np.sqrt(0.5))
    metric = np.diag([1.0, 1e-4])
    expected = 1.0 / np.sqrt(1.0 + 1e-4)
    assert one.match(other, metric=metric).cosines_W[0] == pytest.approx(expected)
    # Inputs that never vary do not count at all.
    assert one.match(other, metric=np.diag([1.0, 0.0])).error_W == 0.0


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (np.eye(3), r"metric has shape \(3, 3\); \(4, 4\) is expected"),
        (np.ones((4, 3)), r"metric has shape \(4, 3\)"),
        (np.ones(4), r"metric has shape \(4,\)"),
        (np.diag([1.0, np.nan, 1.0, 1.0]), "metric holds a value that is not finite"),
        (np.diag([1.0, np.inf, 1.0, 1.0]), "metric holds a value that is not finite"),
    ],
)
def test_impossible_metrics_are_refused(metric, message):
    with pytest.raises(ValueError, match=message):
        random_network(0).match(random_network(1), metric=metric)


def test_match_of_different_sizes_lists_the_rest():
    network = random_network(5, k=4, biases=False)
    match = network.match(network.permuted([3, 1]))
    assert match.left.tolist() == [1, 3]
    assert match.right.tolist() == [1, 0]
    assert match.unmatched_left.tolist() == [0, 2]
    assert match.unmatched_right.tolist() == []


def test_match_refuses_other_inputs():
    with pytest.raises(ValueError, match="differ in size"):
        random_network(0).match(random_network(0, d=5))


def test_unit_rows_survive_extreme_scales():
    M = np.array([[3e-200, 4e-200], [3e200, 4e200], [0.0, 0.0]])
    assert unit_rows(M) == pytest.approx(np.array([[0.6, 0.8], [0.6, 0.8], [0.0, 0.0]]))


def test_saved_networks_come_back_to_the_bit(tmp_path):
    network = random_network(7, slope=0.25)
    path = tmp_path / "model.safetensors"
    save_network(network, path, metadata={"input_names": "x0,x1,x2,x3"})
    loaded = TwoLayerNetwork.load(path)
    for name in ("A", "W", "hidden_bias", "output_bias"):
        assert np.array_equal(getattr(loaded, name), getattr(network, name))
    assert loaded.negative_slope == 0.25
    assert load_metadata(path)["input_names"] == "x0,x1,x2,x3"
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    assert path.stat().st_mode == plain.stat().st_mode


def test_files_that_hold_no_network_are_refused(tmp_path):
    from safetensors.numpy import save_file

    with pytest.raises(FileNotFoundError, match=r"no model file .*absent"):
        TwoLayerNetwork.load(tmp_path / "absent.safetensors")
    other = tmp_path / "other.safetensors"
    other.write_bytes(b"not a model")
    with pytest.raises(ValueError, match="not a readable safetensors"):
        TwoLayerNetwork.load(other)
    random_network(0).save(other)
    other.write_bytes(other.read_bytes()[:-20])
    with pytest.raises(ValueError, match="not a readable safetensors"):
        TwoLayerNetwork.load(other)
    save_file({"A": np.ones((2, 2))}, other)
    with pytest.raises(ValueError, match=r"W missing \(it holds A\)"):
        TwoLayerNetwork.load(other)
    save_file({"A": np.ones((2, 3)), "W": np.ones((2, 2))}, other)
    with pytest.raises(ValueError, match="no valid two-layer network"):
        TwoLayerNetwork.load(other)
    for slope in (np.zeros(0), np.zeros(2)):
        save_file({"A": np.ones((2, 2)), "W": np.eye(2), "negative_slope": slope}, other)
        message = f"no valid two-layer network: negative_slope has {len(slope)} values"
        with pytest.raises(ValueError, match=message):
            TwoLayerNetwork.load(other)


@pytest.mark.parametrize(("missing", "path"), [("torch", ""), ("onnx", "'model.onnx'")])
def test_a_missing_library_is_named_with_its_extra(missing, path):
    code = (
        "import sys; from pureneuron import TwoLayerNetwork\n"
        f"assert {missing!r} not in sys.modules; sys.modules[{missing!r}] = None\n"
        f"TwoLayerNetwork(A=[[1.0]], W=[[1.0]]).to_{missing}({path})\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"pip install 'pureneuron[{missing}]'" in run.stderr.splitlines()[-1]
