"""Asking: what is counted, what is refused, and what is undone."""

import numpy as np
import pytest
from known import Asked, softmax
from scipy.special import expit

from networks import random_network
from pureneuron.identify.questions import NotFinite, OutOfQuestions, Questions
from pureneuron.identify.region import Region
from pureneuron.monitor import Monitor

NETWORK = random_network(0, d=3, k=4, m=2)
Z = np.random.default_rng(0).standard_normal((25, 3))


def asking(function, **options):
    return Questions(function, Region.of(3), **options)


def test_questions_are_counted():
    box = Asked(NETWORK.predict)
    questions = asking(box)
    np.testing.assert_array_equal(questions.ask(Z), NETWORK.predict(Z))
    questions.ask(Z[:4])
    assert (questions.count, questions.n_calls) == (29, 2)
    assert (questions.n_outputs, questions.is_vector) == (2, False)
    assert len(box) == 29


@pytest.mark.parametrize("size", [1, 7, 25, 26])
def test_no_call_is_larger_than_a_batch(size):
    box = Asked(NETWORK.predict)
    questions = asking(box, batch_size=size)
    np.testing.assert_allclose(questions.ask(Z), NETWORK.predict(Z), rtol=1e-13)
    assert [len(call) for call in box.calls] == [size] * (25 // size) + [25 % size] * (
        25 % size > 0
    )
    np.testing.assert_array_equal(box.X, Z)
    assert questions.n_calls == len(box.calls)


def test_the_box_is_asked_in_the_units_of_the_user():
    box = Asked(NETWORK.predict)
    region = Region.of(3, center=[1.0, 2.0, 3.0], scale=[1.0, 10.0, 100.0])
    Questions(box, region).ask(Z)
    np.testing.assert_allclose(box.X, [1.0, 2.0, 3.0] + [1.0, 10.0, 100.0] * Z)


def test_nothing_is_asked_beyond_the_budget():
    box = Asked(NETWORK.predict)
    questions = asking(box, budget=30, batch_size=10)
    questions.ask(Z)
    with pytest.raises(OutOfQuestions):
        questions.ask(Z[:6])
    assert len(box) == questions.count == 25
    questions.ask(Z[:5])
    assert len(box) == questions.count == 30
    with pytest.raises(OutOfQuestions):
        questions.ask(Z[:1])
    assert len(box) == 30


def test_the_callback_hears_what_has_been_asked():
    heard = []
    questions = asking(NETWORK.predict, batch_size=10, monitor=Monitor(heard.append))
    questions.stage = "lines"
    questions.ask(Z)
    assert [(event.stage, event.iteration) for event in heard] == [
        ("lines", 10),
        ("lines", 20),
        ("lines", 25),
    ]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_answers_must_be_finite(value):
    def function(X):
        Y = NETWORK.predict(X)
        Y[7, 1] = value
        return Y

    questions = asking(function)
    with pytest.raises(NotFinite) as caught:
        questions.ask(Z)
    # The message says where.
    for number in Z[7]:
        assert f"{number:.6f}".rstrip("0") in str(caught.value)
    assert questions.count == 25


WRONG = {
    "too few rows": (lambda X: X[1:], r"shape \(24, 3\)"),
    "a number": (lambda X: 3.0, r"got shape \(\)"),
    "one row": (lambda X: X[:1], r"got shape \(1, 3\)"),
    "transposed": (lambda X: X.T, r"one row an input, got shape \(3, 25\)"),
    "three dimensions": (lambda X: X[:, None], r"got shape \(25, 1, 3\)"),
    "no outputs": (lambda X: X[:, :0], "no outputs"),
    "nothing": (lambda X: None, "real numbers"),
    "text": (lambda X: np.full(len(X), "a"), "real numbers"),
    "complex numbers": (lambda X: X * 1j, "real numbers"),
    "booleans": (lambda X: X > 0.0, "got bool values"),
}


@pytest.mark.parametrize(("function", "message"), WRONG.values(), ids=WRONG.keys())
def test_answers_must_have_the_right_shape(function, message):
    with pytest.raises(ValueError, match=message):
        asking(function).ask(Z)


def test_the_number_of_outputs_must_stay():
    questions = asking(lambda X: X[:, :2] if len(X) > 5 else X)
    questions.ask(Z)
    with pytest.raises(ValueError, match="returned 2 outputs first, and 3 now"):
        questions.ask(Z[:5])


def test_vectors_lists_and_other_types_are_answers():
    vector = asking(lambda X: X[:, 0])
    np.testing.assert_array_equal(vector.ask(Z), Z[:, :1])
    assert (vector.n_outputs, vector.is_vector) == (1, True)
    np.testing.assert_array_equal(asking(lambda X: X.tolist()).ask(Z), Z)
    single = asking(lambda X: X.astype(np.float32)).ask(Z)
    assert single.dtype == np.float64
    np.testing.assert_array_equal(single, Z.astype(np.float32))
    np.testing.assert_array_equal(asking(lambda X: np.rint(X).astype(int)).ask(Z), np.rint(Z))


@pytest.mark.parametrize("m", [1, 3])
@pytest.mark.parametrize("size", [1, 6])
def test_answers_to_a_single_row_may_be_squeezed(m, size):
    questions = asking(lambda X: X[:, :m].squeeze(), batch_size=size)
    np.testing.assert_array_equal(questions.ask(Z), Z[:, :m])  # 25 rows: one is left over.
    assert questions.n_outputs == m


def test_a_box_may_overwrite_its_inputs_and_its_answers():
    answer = np.zeros((25, 2))

    def function(X):
        Y = answer[: len(X)]
        Y[:] = NETWORK.predict(X)
        X[:] = 0.0
        return Y

    asked = Z.copy()
    questions = asking(function, batch_size=10)
    wanted = NETWORK.predict(Z)
    np.testing.assert_allclose(questions.ask(asked), wanted, rtol=1e-13)
    np.testing.assert_array_equal(asked, Z)
    asked[:] = 0.0
    questions.ask(np.zeros((20, 3)))
    kept_Z, kept_Y = questions.kept()
    np.testing.assert_array_equal(kept_Z[:25], Z)
    np.testing.assert_allclose(kept_Y[:25], wanted, rtol=1e-13)


def test_answers_are_in_units_of_the_outputs_from_when_they_are_known():
    questions = asking(NETWORK.predict)
    first = questions.ask(Z[:5])
    questions.output_scale = np.array([10.0, 0.1])
    second = questions.ask(Z[5:])
    np.testing.assert_allclose(second, NETWORK.predict(Z[5:]) / [10.0, 0.1])
    kept_Z, kept_Y = questions.kept()
    np.testing.assert_array_equal(kept_Z, Z)
    np.testing.assert_allclose(kept_Y, np.concatenate([first / [10.0, 0.1], second]))


def test_what_is_kept_has_an_end():
    questions = asking(NETWORK.predict, most_kept=5 * 30)
    questions.ask(Z)
    assert questions.keeps_all
    questions.ask(Z)
    assert not questions.keeps_all
    questions.ask(Z[:1])
    assert not questions.keeps_all


@pytest.mark.parametrize("size", [1.0, 20.0])
def test_a_softmax_is_undone_but_for_what_all_outputs_share(size):
    logits = size * NETWORK.predict(Z)
    questions = asking(lambda X: softmax(size * NETWORK.predict(X)), link="softmax")
    wanted = logits - logits.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(questions.ask(Z), wanted, rtol=0.0, atol=1e-12 * size)


@pytest.mark.parametrize("as_vector", [True, False])
def test_a_sigmoid_is_undone(as_vector):
    def function(X):
        P = expit(NETWORK.predict(X))
        return P[:, 0] if as_vector else P

    wanted = NETWORK.predict(Z)
    wanted = wanted[:, :1] if as_vector else wanted
    found = asking(function, link="sigmoid").ask(Z)
    # Of a probability near one all digits of what is left to one are lost.
    np.testing.assert_allclose(found, wanted, rtol=0.0, atol=1e-15 * np.exp(wanted.max()) + 1e-13)


@pytest.mark.parametrize(
    ("link", "value"),
    [
        ("softmax", 0.0),
        ("softmax", -0.1),
        ("softmax", np.nan),
        ("sigmoid", 0.0),
        ("sigmoid", 1.0),
        ("sigmoid", 1.5),
        ("sigmoid", -0.5),
    ],
)
def test_what_is_no_probability_is_not_finite(link, value):
    def function(X):
        P = np.full((len(X), 2), 0.5)
        P[-1, 0] = value
        return P

    message = "is not finite" if np.isnan(value) else f"no probability .* behind a {link}"
    with pytest.raises(NotFinite, match=message):
        asking(function, link=link).ask(Z)


def test_probabilities_in_single_precision_have_a_range_of_their_own():
    logits = np.array([[0.0, -80.0], [0.0, -85.0]])
    for dtype, last in ((np.float64, True), (np.float32, False)):
        questions = Questions(
            lambda X, dtype=dtype: softmax(logits[: len(X)]).astype(dtype),
            Region.of(3),
            link="softmax",
        )
        np.testing.assert_allclose(questions.ask(Z[:1]), [[40.0, -40.0]], rtol=1e-6)
        if last:
            np.testing.assert_allclose(questions.ask(Z[:2])[1], [42.5, -42.5], rtol=1e-6)
        else:
            # Numbers near the least have lost their digits.
            with pytest.raises(NotFinite):
                questions.ask(Z[:2])


def test_behind_a_sigmoid_large_outputs_are_less_exact():
    Y = np.array([[-5.0, 0.0], [3.0, -9.0], [-1.0, 12.0]])
    for scale in (1.0, 4.0):
        questions = asking(NETWORK.predict, link="sigmoid", output_scale=scale)
        lost = questions.loss_of_digits(Y / scale)
        # The derivative of the logit at a probability near one, relative to that near zero.
        np.testing.assert_allclose(lost, 1.0 + np.exp(Y.max(axis=1)))
    assert (asking(NETWORK.predict).loss_of_digits(Y) == 1.0).all()
    assert (asking(NETWORK.predict, link="softmax").loss_of_digits(Y) == 1.0).all()


def test_small_probabilities_that_are_what_is_left_of_a_sum_have_few_digits():
    logits = np.linspace(-15.0, 15.0, 61)[:, None]
    exact = Questions(lambda X: expit(logits[: len(X)]), Region.of(1), link="sigmoid")
    left = Questions(lambda X: 0.5 + (expit(logits[: len(X)]) - 0.5), Region.of(1), link="sigmoid")
    Y = exact.ask(np.zeros((61, 1)))
    own = left.ask(np.zeros((61, 1)))
    np.testing.assert_allclose(exact.loss_of_digits(Y), 1.0 + np.exp(logits[:, 0]), rtol=1e-6)
    lost = left.loss_of_digits(own)
    np.testing.assert_allclose(lost, 1.0 + 2.0 * np.cosh(logits[:, 0]), rtol=1e-6)
    # That is what the logarithm makes of the rounding of one half.
    assert (np.abs(own - logits)[:, 0] <= np.finfo(np.float64).eps * lost + 1e-14).all()


@pytest.mark.parametrize(("dtype", "logit"), [(np.float64, -25.0), (np.float32, -12.0)])
def test_where_such_probabilities_say_nothing_they_are_not_finite(dtype, logit):
    logits = np.append(np.linspace(-6.0, 0.0, 31), logit)[:, None]

    def left(X):
        half = dtype(0.5)
        return half + (expit(logits[: len(X)]).astype(dtype) - half)

    questions = Questions(left, Region.of(1), link="sigmoid")
    questions.ask(np.zeros((31, 1)))
    with pytest.raises(NotFinite, match="too near 0 or 1"):
        questions.ask(np.zeros((32, 1)))
