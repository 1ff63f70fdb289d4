"""Whether the rows determine the weights."""

import numpy as np
import pytest

from engine import determined, inferred, make_problem, minimum
from pureneuron.inference.identifiability import distinct_inputs
from pureneuron.model import TwoLayerNetwork, unit_rows
from pureneuron.optimize import Descent, Fit, minimize, profile
from pureneuron.problem import pose
from pureneuron.recover import recover
from pureneuron.results import Status
from pureneuron.samples import ArraySamples, Sum


def test_few_distinct_inputs_leave_weights_undetermined():
    rng = np.random.default_rng(5)
    X = rng.choice([-1.0, 1.0], size=(2000, 3))  # four lines through zero, whatever the rows
    W = unit_rows(rng.standard_normal((3, 3)))
    problem = pose(ArraySamples(X, np.maximum(X @ W.T, 0.0).sum(axis=1, keepdims=True)))
    assert determined(minimize(problem, W)).undetermined
    X = rng.standard_normal((2000, 3))
    problem = pose(ArraySamples(X, np.maximum(X @ W.T, 0.0).sum(axis=1, keepdims=True)))
    assert not determined(minimize(problem, problem.whitening.to_white(W))).undetermined


def test_a_direction_that_only_noise_shows_is_undetermined():
    # Two neurons that nearly coincide: their sum is certain, and what belongs to which is not.
    rng = np.random.default_rng(8)
    W = unit_rows(rng.standard_normal((3, 4)))
    W[1] = unit_rows(W[:1] + 0.03 * W[1:2])[0]
    X = rng.standard_normal((2000, 4))
    clean = np.maximum(X @ W.T, 0.0) @ rng.standard_normal((3, 5))
    for noise, told in ((1.0, False), (0.01, True)):
        problem = pose(ArraySamples(X, clean + noise * rng.standard_normal(clean.shape)))
        fit = minimize(problem, problem.whitening.to_white(W))
        assert determined(fit).undetermined != told


@pytest.mark.parametrize("at_kink", [1e-13, 0.1])
def test_a_row_at_a_kink_holds_no_neuron_in_place(at_kink):
    # The second neuron is on in two rows of three inputs, and in a third one: there clearly, or
    # just so, as a descent leaves it that has pushed the kink up to that row.
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 3))
    X[:, 2] = -np.abs(X[:, 2]) - 0.1
    X[:3, 2] = 1.0, 0.7, at_kink
    W = np.array([[0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    Y = np.maximum(X @ W.T, 0.0) @ rng.standard_normal((2, 2))
    problem = pose(ArraySamples(X, Y))
    point = profile(problem, problem.whitening.to_white(W))
    point = profile(problem, point.W, point.A)
    fit = Fit(problem, point, Descent(True, False, (point.loss,)))
    assert fit.is_exact
    assert determined(fit).null_directions == (at_kink < 0.1)


@pytest.mark.parametrize("seed", range(6))
def test_rounding_does_not_pass_for_curvature(seed):
    # Six units span all functions on four points: nothing is left of the projected matrix.
    X = np.random.default_rng(0).choice([-1.0, 1.0], (400, 2))
    rng = np.random.default_rng(seed)
    teacher = TwoLayerNetwork(rng.standard_normal((2, 6)), rng.standard_normal((6, 2)))
    problem = pose(ArraySamples(X, teacher.predict(X)))
    assert determined(minimize(problem, problem.to_white(teacher))).undetermined


def test_errors_of_units_are_those_of_the_direction_that_is_known_least():
    problem, teacher = make_problem(1, n=300, noise=0.3)
    fit = minimum(problem, teacher)
    _, white, _ = inferred(fit)
    found = determined(fit)
    (m, k), r = fit.point.A.shape, fit.point.W.shape[1]
    for a in range(k):
        block = white[m * k + a * r : m * k + (a + 1) * r, m * k + a * r : m * k + (a + 1) * r]
        others = np.delete(fit.point.W, a, axis=0)
        apart = min(1.0, np.linalg.norm(others - fit.point.W[a], axis=1).min())
        wanted = np.sqrt(np.linalg.eigvalsh(block).max())
        assert found.row_errors[a] == pytest.approx(wanted / apart)
        of_A = white[a : m * k : k, a : m * k : k]
        length = np.linalg.norm(fit.point.A[:, a])
        wanted = np.sqrt(np.linalg.eigvalsh(of_A).max())
        assert found.column_errors[a] == pytest.approx(wanted / length)
    assert not found.undetermined
    assert found.weak_inputs.shape == (4, 0)


@pytest.mark.parametrize("bias", [False, True])
def test_weak_directions_are_found_one_by_one(bias):
    rng = np.random.default_rng(3)
    teacher = TwoLayerNetwork(rng.standard_normal((3, 2)), rng.standard_normal((2, 5)))
    X = rng.standard_normal((1000, 5))
    X[:, 1] *= 1e-3
    X[:, 4] = 2.0 * X[:, 0] + 1e-3 * X[:, 4]
    Y = teacher.predict(X) + 0.5 * rng.standard_normal((1000, 3))
    problem = pose(ArraySamples(X, Y), fit_hidden_bias=bias)
    narrow, found = problem, []
    for _ in range(2):
        # One at a time, the least known first.
        found.append(determined(minimum(narrow, teacher)).weak_inputs)
        narrow = narrow.without_inputs(found[-1])
    assert determined(minimum(narrow, teacher)).weak_inputs.shape == (5, 0)
    weak = np.hstack(found)
    assert weak.T @ weak == pytest.approx(np.eye(2), abs=1e-6)
    # e1, and 2 e0 - e4 over its length.
    wanted = np.zeros((5, 2))
    wanted[1, 0], wanted[[0, 4], 1] = 1.0, np.array([2.0, -1.0]) / np.sqrt(5.0)
    assert weak @ weak.T == pytest.approx(wanted @ wanted.T, abs=0.01)
    assert narrow.input_span.shape == (5, 3)
    assert narrow.n_inputs == 3 + bias
    assert narrow.input_span.T @ weak == pytest.approx(np.zeros((3, 2)), abs=1e-12)
    second = narrow.samples.reduce(second_moments)["XX"] / problem.total
    assert second == pytest.approx(np.eye(narrow.n_inputs), abs=1e-6)


def second_moments(batch):
    return {"XX": Sum(batch.X.T @ batch.X)}


@pytest.mark.parametrize("n_rows", [400, 5000])
def test_different_inputs_are_counted(n_rows):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, 3))
    problem = pose(ArraySamples(X, X[:, :1]))
    count = distinct_inputs(problem, 1, rng=rng)
    # All of them, or enough: ten outputs for each of three unknowns.
    assert count == pytest.approx(n_rows, rel=0.06) or count == pytest.approx(30, rel=0.1)
    few = pose(ArraySamples(X[rng.integers(12, size=n_rows)], X[:, :1]))
    assert distinct_inputs(few, 1, rng=rng) == pytest.approx(12, abs=1)


def test_activations_that_others_make_up_are_directions_of_their_own():
    # σ(z) − σ(−z) = z: beside a linear part a pair w, −w is one unit too many.
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 3))
    W = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
    Y = np.maximum(X @ W.T, 0.0) @ rng.standard_normal((3, 2)) + 0.1 * rng.standard_normal((500, 2))
    for linear in (False, True):
        problem = pose(ArraySamples(X, Y), fit_linear=linear)
        point = profile(problem, problem.whitening.to_white(W))
        fit = Fit(problem, point, Descent(True, False, (point.loss,)))
        assert (determined(fit).null_directions > 0) == linear
        assert (determined(fit).undetermined) == linear


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("repeated", [0, 1])
def test_a_misfit_is_no_lack_of_inputs(repeated, bias):
    # The inputs vary alike in all directions that they have; what else is unknown is so because
    # the model is wrong.
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2000, 4))
    Y = np.sin(3.0 * X[:, :3]) + 0.1 * rng.standard_normal((2000, 3))
    X = np.column_stack([X, X[:, :repeated]])
    found = recover(ArraySamples(X, Y), 1, fit_hidden_bias=bias, rng=0)
    assert found.status is Status.MISFIT
    said = [note for note in found.notes if "dimensions" in note]
    assert len(said) == repeated
    assert all("only 4 of 5 dimensions" in note for note in said)


@pytest.mark.parametrize("seed", [17, 48])
def test_much_noise_makes_no_input_weak(seed):
    # One input repeats another, and beside a bias the coordinates have one direction more.
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((150, 4))
    X = np.column_stack([X, X[:, 0]])
    A, W = rng.standard_normal((3, 2)), rng.standard_normal((2, 4))
    teacher = TwoLayerNetwork(A, np.column_stack([W, np.zeros(2)]))
    Y = teacher.predict(X) + 2.0 * rng.standard_normal((150, 3))
    problem = pose(ArraySamples(X, Y), fit_hidden_bias=True)
    assert determined(minimum(problem, teacher)).weak_inputs.shape == (5, 0)
