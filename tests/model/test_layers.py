import numpy as np
import pytest

from networks import inputs
from pureneuron import TwoLayerNetwork
from pureneuron.model.layers import (
    Value,
    divided,
    mapped,
    multiplied,
    plus,
    rectified,
    refusal,
    times,
    weights,
)

RNG = np.random.default_rng(0)
W, V, A, B, L = (RNG.standard_normal(shape) for shape in ((3, 4), (2, 4), (5, 3), (5, 2), (5, 4)))
b, c = RNG.standard_normal(3), RNG.standard_normal(5)
X = inputs()


def relu(Z, slope=0.0):
    return np.where(Z > 0.0, Z, slope * Z)


def predictions(value):
    return TwoLayerNetwork(**weights(value)).predict(X)


def test_layers_in_sequence_keep_their_weights():
    hidden = rectified(mapped(Value(), W, b), 0.1)
    read = weights(mapped(hidden, A, c))
    assert np.array_equal(read["A"], A)
    assert np.array_equal(read["W"], W)
    assert np.array_equal(read["hidden_bias"], b)
    assert np.array_equal(read["output_bias"], c)
    assert read["negative_slope"] == 0.1
    assert read["linear"] is None


def test_linear_layers_in_a_row_are_one():
    first = mapped(mapped(Value(), RNG.standard_normal((4, 4))), W, b)
    last = mapped(mapped(rectified(first), A, c), RNG.standard_normal((2, 5)), 1.0)
    read = TwoLayerNetwork(**weights(last))
    assert (read.n_inputs, read.n_neurons, read.n_outputs) == (4, 3, 2)
    again = mapped(rectified(mapped(Value(), read.W, read.hidden_bias)), read.A, read.output_bias)
    assert predictions(again) == pytest.approx(predictions(last))


def test_scales_and_shifts_on_the_way():
    shift, scale = RNG.standard_normal(4), RNG.uniform(0.5, 2.0, 4)
    standardised = divided(plus(plus(Value(), 0.25), shift, -1.0), scale[None])
    raised = mapped(rectified(mapped(plus(Value(), 2.0), W)), A)
    assert predictions(raised) == pytest.approx(relu((X + 2.0) @ W.T) @ A.T)
    hidden = times(2.0, rectified(plus(mapped(standardised, W), np.array([[0.5]]))))
    last = plus(c, times(multiplied(hidden, A.T), np.array([3.0])), -1.0)
    Z = (X + 0.25 - shift) / scale @ W.T + 0.5
    assert predictions(last) == pytest.approx(c - 6.0 * relu(Z) @ A.T)


def test_branches_add_up():
    one, other = rectified(mapped(Value(), W, b)), rectified(mapped(Value(), V))
    total = plus(plus(mapped(one, A), mapped(other, B, c), -1.0), mapped(Value(), L), 0.5)
    expected = relu(X @ W.T + b) @ A.T - relu(X @ V.T) @ B.T - c + 0.5 * X @ L.T
    assert predictions(total) == pytest.approx(expected)
    # The same units on two ways stay the units that they are.
    twice = weights(plus(mapped(one, A), mapped(one, L[:, :3]), 2.0))
    assert twice["A"] == pytest.approx(A + 2.0 * L[:, :3])
    assert len(twice["W"]) == 3


def test_the_inputs_themselves_as_a_branch():
    # A residual connection: three units, three outputs, and a fourth input that is not there.
    square = RNG.standard_normal((4, 3))
    residual = plus(Value(), mapped(rectified(mapped(Value(), W, b)), square))
    assert predictions(residual) == pytest.approx(X + relu(X @ W.T + b) @ square.T)
    # Units without a layer behind them.
    assert predictions(rectified(mapped(Value(), W, b), 0.2)) == pytest.approx(
        relu(X @ W.T + b, 0.2)
    )


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: mapped(mapped(x, W), W), "takes 4 values and gets 3"),
        (lambda x: mapped(x, b), r"weights of shape \(3,\)"),
        (lambda x: mapped(x, W * np.nan), "not finite"),
        (lambda x: mapped(x, W * 1j), "complex"),
        (lambda x: mapped(W, W), "constant where a matrix that comes from the inputs"),
        (lambda x: mapped(x, x), "otherwise than by a sum"),
        (lambda x: mapped(x, W, c), "adds 5 values to 3"),
        (lambda x: plus(mapped(x, W), np.ones((3, 3))), r"constant of shape \(3, 3\)"),
        (lambda x: plus(mapped(x, W[:1]), b), "adds 3 values to 1"),
        (lambda x: plus(mapped(x, W), mapped(x, V)), "adds 2 values to 3"),
        (lambda x: plus(mapped(x, W), mapped(x, W[:, :2])), r"shapes \(3, 4\), \(3, 2\)"),
        (lambda x: plus(mapped(x, W), x), r"shapes \(3, 4\), \(4, 4\)"),
        (lambda x: times(mapped(x, W), c), "takes 5 values and gets 3"),
        (lambda x: divided(x, 0.0), "divides by zero"),
        (lambda x: rectified(x), "rectifies the inputs"),
        (lambda x: rectified(mapped(rectified(mapped(x, W)), A)), "second rectifier"),
        (lambda x: rectified(mapped(x, W), [0.1, 0.2, 0.1]), "different slopes"),
        (
            lambda x: plus(rectified(mapped(x, W)), rectified(mapped(x, W), 0.1)),
            "slopes 0 and 0.1",
        ),
        (
            lambda x: plus(rectified(mapped(x, W)), rectified(mapped(x, W[:, :2]))),
            "branches of 4 and 2 inputs",
        ),
        (lambda x: weights(mapped(x, W)), "no ReLU"),
        (lambda x: weights(plus(rectified(mapped(x, W)), x)), r"shape \(4, 4\).*\(3, 4\)"),
    ],
)
def test_what_is_no_two_layer_network_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build(Value())


def test_only_an_ending_is_to_be_taken_off():
    outputs = mapped(rectified(mapped(Value(), W)), A)
    for kind in ("Softmax", "log_softmax", "Sigmoid"):
        assert "take it off" in refusal(kind, outputs)
    assert refusal("Sigmoid", mapped(Value(), W)).startswith("Sigmoid is no part")
    assert refusal("Tanh", outputs).startswith("Tanh is no part")
