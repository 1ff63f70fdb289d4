import numpy as np
import pytest
from sklearn.datasets import load_digits

from pureneuron.datasets import (
    digits_inputs,
    digits_samples,
    load_digits_classifier,
    make_teacher,
    symmetric_inputs,
    symmetrize,
)
from pureneuron.datasets.inputs import LAWS

SQUARES = {
    # law: variance and fourth moment of an entry, None where there is none
    "gaussian": (1.0, 3.0),
    "rademacher": (1.0, 1.0),
    "student_t5": (5 / 3, 25.0),
    "laplace": (2.0, 24.0),
    "uniform": (1 / 3, 1 / 5),
    "mixture": (2.0, 10.0),
    "student_t3": (3.0, None),
}


@pytest.mark.parametrize(("d", "k", "m"), [(10, 10, 10), (12, 5, 7), (6, 2, 2)])
def test_teacher_has_the_singular_values_asked_for(d, k, m):
    teacher = make_teacher(d, k, m, condition_A=30.0, condition_W=4.0, rng=3)
    steps = np.arange(k) / (k - 1)
    np.testing.assert_allclose(np.linalg.svd(teacher.A, compute_uv=False), 30.0**-steps)
    np.testing.assert_allclose(np.linalg.svd(teacher.W, compute_uv=False), 4.0**-steps)
    assert (teacher.n_inputs, teacher.n_neurons, teacher.n_outputs) == (d, k, m)
    assert not teacher.hidden_bias.any()
    assert not teacher.output_bias.any()


def test_teacher_is_orthonormal_by_default():
    teacher = make_teacher(9, 4, 6, rng=0)
    np.testing.assert_allclose(teacher.W @ teacher.W.T, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(teacher.A.T @ teacher.A, np.eye(4), atol=1e-12)


@pytest.mark.parametrize(("d", "k", "m"), [(3, 8, 10), (10, 8, 3), (3, 8, 1), (5, 1, 1)])
def test_teacher_of_any_size_has_unit_neurons(d, k, m):
    teacher = make_teacher(d, k, m, rng=0)
    np.testing.assert_allclose(np.linalg.norm(teacher.W, axis=1), 1.0)
    np.testing.assert_allclose(np.linalg.norm(teacher.A, axis=0), 1.0)
    assert np.linalg.matrix_rank(teacher.W) == min(d, k)


def test_one_neuron_has_no_condition_number_but_one():
    teacher = make_teacher(5, 1, 3, condition_A=7.0, rng=0)
    assert np.linalg.norm(teacher.A) == pytest.approx(1.0)


def test_teacher_repeats_by_seed_and_advances_a_generator():
    same = [make_teacher(4, 3, 5, rng=11).A for _ in range(2)]
    np.testing.assert_array_equal(*same)
    rng = np.random.default_rng(11)
    first, second = make_teacher(4, 3, 5, rng=rng), make_teacher(4, 3, 5, rng=rng)
    np.testing.assert_array_equal(first.A, same[0])
    assert not np.allclose(first.A, second.A)


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ((0, 1, 1), {}, "n_inputs must be at least 1, got 0"),
        ((1, 0, 1), {}, "n_neurons must be at least 1, got 0"),
        ((3, 2, 2), {"condition_A": 0.5}, "condition_A must be a finite number, at least 1"),
        ((3, 2, 2), {"condition_W": np.inf}, "condition_W must be a finite number"),
        ((3, 5, 9), {"condition_W": 2.0}, "condition_W=2 needs n_neurons <= n_inputs"),
        ((9, 5, 3), {"condition_A": 2.0}, "condition_A=2 needs n_neurons <= n_outputs"),
    ],
)
def test_teacher_refuses_what_cannot_be(sizes, options, message):
    with pytest.raises(ValueError, match=message):
        make_teacher(*sizes, rng=0, **options)


def test_every_law_is_tested():
    assert set(SQUARES) == set(LAWS)


@pytest.mark.parametrize("law", SQUARES)
def test_laws_are_symmetric_with_the_stated_second_moments(law):
    n, d = 40_000, 3
    X = symmetric_inputs(n, d, law, rng=5)
    assert X.shape == (n, d)
    variance, fourth = SQUARES[law]
    error = np.sqrt(variance / n)
    assert np.abs(X.mean(axis=0)).max() < 4 * error
    # The sign is symmetric whatever the moments; its mean has standard error 1/√n.
    assert np.abs(np.sign(X).mean(axis=0)).max() < 4 / np.sqrt(n)
    assert np.abs(np.tanh(X.sum(axis=1)).mean()) < 4 / np.sqrt(n)
    if fourth is None:
        # Without a fourth moment the variance has no standard error: the tail decides instead.
        # P(|t₃| > 3.182446) = 0.05 is the table's two-sided 5 % point.
        found = (np.abs(X) > 3.182446).mean()
        assert abs(found - 0.05) < 4 * np.sqrt(0.05 * 0.95 / X.size)
        return
    spread = np.sqrt((fourth - variance**2) / n)
    assert np.abs((X**2).mean(axis=0) - variance).max() <= 4 * spread + 1e-15
    covariance = (X[:, 0] * X[:, 1]).mean()
    expected = 1.0 if law == "mixture" else 0.0
    assert abs(covariance - expected) < 4 * np.std(X[:, 0] * X[:, 1]) / np.sqrt(n)


def test_rademacher_entries_are_signs():
    assert set(np.unique(symmetric_inputs(50, 4, "rademacher", rng=0))) == {-1.0, 1.0}


def test_inputs_repeat_by_seed():
    np.testing.assert_array_equal(
        symmetric_inputs(5, 2, "laplace", rng=1), symmetric_inputs(5, 2, "laplace", rng=1)
    )


def test_unknown_law_lists_the_known():
    with pytest.raises(
        ValueError, match="no input law 'cauchy'; the laws are gaussian, rademacher"
    ):
        symmetric_inputs(5, 2, "cauchy", rng=0)


def test_symmetrize_stacks_the_negations():
    X = np.array([[1.0, 0.0], [-2.0, 3.0]])
    mirrored = symmetrize(X)
    np.testing.assert_array_equal(mirrored, [[1, 0], [-2, 3], [-1, 0], [2, -3]])
    assert not np.signbit(mirrored[2, 1])


def test_symmetrize_asks_the_system_at_both():
    X, Y = symmetrize([[1.0], [2.0]], lambda X: np.maximum(X, 0.0))
    np.testing.assert_array_equal(X[:, 0], [1, 2, -1, -2])
    np.testing.assert_array_equal(Y[:, 0], [1, 2, 0, 0])


def test_digits_inputs_are_the_images_without_their_mean():
    X, labels = digits_inputs()
    digits = load_digits()
    np.testing.assert_allclose(X[5] - X[0], (digits.data[5] - digits.data[0]) / 16, atol=1e-15)
    np.testing.assert_allclose(X.mean(axis=0), 0.0, atol=1e-13)
    np.testing.assert_array_equal(labels, digits.target)
    assert X.shape == (1797, 64)
    assert np.linalg.matrix_rank(X) == 61
    assert not X[:, [0, 32, 39]].any()


def test_classifier_reads_digits_with_ten_distinct_live_units():
    X, labels = digits_inputs()
    network = load_digits_classifier()
    assert (network.n_inputs, network.n_neurons, network.n_outputs) == (64, 10, 10)
    assert not network.hidden_bias.any()
    assert not network.output_bias.any()
    assert network.negative_slope == 0.0
    assert (network.predict(X).argmax(axis=1) == labels).mean() >= 0.97
    active = (network.hidden(X) > 0.0).mean(axis=0)
    assert active.min() > 0.1
    assert active.max() < 0.9
    correlation = np.corrcoef(network.W @ X.T) - np.eye(10)
    assert np.abs(correlation).max() < 0.9
    assert np.linalg.cond(network.normalized().A) < 6.0


def test_digits_samples_are_images_negations_and_noisy_logits():
    X, Y = digits_samples(noise=0.01, rng=0)
    images, _ = digits_inputs()
    np.testing.assert_array_equal(X[:1797], images)
    np.testing.assert_array_equal(X[1797:], -images)
    logits = load_digits_classifier().predict(X)
    noise = (Y - logits) / np.sqrt((logits**2).mean())
    assert Y.shape == (3594, 10)
    # A standard deviation has standard error 1/√(2N) of itself.
    assert np.std(noise) == pytest.approx(0.01, rel=4 / np.sqrt(2 * noise.size))
    assert abs(noise.mean()) < 4 * 0.01 / np.sqrt(noise.size)


def test_digits_samples_repeat_by_seed_and_may_be_noiseless():
    np.testing.assert_array_equal(digits_samples(rng=3)[1], digits_samples(rng=3)[1])
    X, Y = digits_samples(noise=0.0)
    np.testing.assert_array_equal(Y, load_digits_classifier().predict(X))


@pytest.mark.parametrize("noise", [-0.1, np.nan])
def test_digits_samples_refuse_impossible_noise(noise):
    with pytest.raises(ValueError, match="noise must be a finite number, not negative"):
        digits_samples(noise=noise, rng=0)
