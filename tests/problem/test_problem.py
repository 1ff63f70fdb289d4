from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pureneuron import TwoLayerNetwork
from pureneuron.model import Gaussian
from pureneuron.problem import check_samples, n_unknowns, pose, second_moments, whitening
from pureneuron.samples import ArraySamples, Sum


def draw(seed, n=60, d=4, m=3):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal((n, m))


def test_second_moments_by_hand():
    X, Y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0], [-1.0]])
    moments = second_moments(ArraySamples(X, Y, np.array([1.0, 3.0])), constant_input=True)
    assert moments.total == pytest.approx(4.0)
    assert moments.xx == pytest.approx(
        np.array([[28.0, 38.0, 10.0], [38.0, 52.0, 14.0], [10.0, 14.0, 4.0]]) / 4
    )
    assert moments.yx == pytest.approx(np.array([[1 - 9, 2 - 12, 1 - 3]]) / 4)
    assert moments.y == pytest.approx([-0.5])


@given(seed=st.integers(0, 10**6))
def test_weights_equal_repetition(seed):
    X, Y = draw(seed, n=20)
    counts = np.random.default_rng(seed).integers(0, 4, 20)
    weighted = second_moments(ArraySamples(X, Y, counts.astype(float)))
    repeated = second_moments(ArraySamples(X.repeat(counts, axis=0), Y.repeat(counts, axis=0)))
    for name in ("total", "xx", "yx", "yy", "x", "y"):
        assert getattr(weighted, name) == pytest.approx(getattr(repeated, name), abs=1e-12)
    assert repeated.n_effective == pytest.approx(counts.sum())
    assert weighted.n_effective == pytest.approx(counts.sum() ** 2 / np.sum(counts**2))


@given(seed=st.integers(0, 10**6), spread=st.floats(0, 6), missing=st.integers(0, 2))
def test_white_coordinates(seed, spread, missing):
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.uniform(-spread, spread, 5)
    X = rng.standard_normal((200, 5 - missing)) @ rng.standard_normal((5 - missing, 5)) * scale
    xx = X.T @ X / 200
    white = whitening(xx)
    assert white.rank == 5 - missing
    assert white.full == (missing == 0)
    assert white.transform.T @ xx @ white.transform == pytest.approx(np.eye(white.rank), abs=1e-6)
    assert white.span.T @ white.span == pytest.approx(np.eye(white.rank), abs=1e-12)
    # There and back on the span, and nothing across it.
    W = rng.standard_normal((3, white.rank))
    back = white.from_white(W)
    assert white.to_white(back) == pytest.approx(W, rel=1e-5, abs=1e-5)
    assert back @ X.T == pytest.approx((X @ white.transform @ W.T).T)
    size = np.linalg.norm(back, axis=1)[:, None]
    assert back / size == pytest.approx(back @ white.span @ white.span.T / size, abs=1e-6)


def test_constant_zero_inputs_are_outside_the_span():
    white = whitening(np.diag([4.0, 0.0, 1e-12]))
    assert white.rank == 2
    assert np.array_equal(white.span[1], np.zeros(2))


def test_problem_is_the_same_function_in_other_coordinates():
    X, Y = draw(0)
    problem = pose(ArraySamples(X, Y), fit_hidden_bias=True, fit_intercept=True)
    rng = np.random.default_rng(1)
    network = TwoLayerNetwork(
        rng.standard_normal((3, 2)),
        rng.standard_normal((2, 4)),
        rng.standard_normal(2),
        rng.standard_normal(3),
    )
    W, A = problem.coordinates(network)
    assert problem.network(W, A).predict(X) == pytest.approx(network.predict(X))
    white, scaled, _ = problem.samples.arrays()
    assert white.T @ white / len(X) == pytest.approx(np.eye(5), abs=1e-10)
    assert np.mean(np.var(scaled, axis=0)) == pytest.approx(1.0)
    assert n_unknowns(problem, 2) == 2 * (5 + 3 - 1) + 3


def sums_of(batch, W, A):
    """Sum squares of the residual of a network, and the columns that come along."""
    E = batch.Y - np.maximum(batch.X @ W.T, 0.0) @ A.T
    extra = {name: Sum(column.sum(axis=0)) for name, column in batch.extra.items()}
    return {"residual": Sum(E.T @ E), **extra}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("mixed", [False, True])
def test_rows_are_the_same_in_all_their_forms(weighted, biased, mixed):
    rng = np.random.default_rng(0)
    # More rows than are transformed at a time, in inputs of very different sizes.
    X, Y = draw(1, n=3001, d=4)
    X = X @ rng.standard_normal((4, 4)) * 10.0 ** np.arange(-4, 4, 2)
    weight = rng.uniform(0.0, 2.0, 3001) if weighted else None
    samples = ArraySamples(X, Y, weight, batch_rows=2000)
    problem = pose(samples, fit_hidden_bias=biased, fit_intercept=biased)
    M, N = rng.standard_normal((2, 3, 3)) if mixed else (np.eye(3), np.eye(3))
    if mixed:
        problem = problem.with_likelihood(Gaussian(N @ M, np.linalg.inv(N @ M)))
    W = rng.standard_normal((5, problem.n_inputs))
    A = rng.standard_normal((3, 5))
    double = problem.samples.reduce(sums_of, W, A)
    raw_W = problem.whitening.from_white(W)
    plain = problem.rows.reduce_raw(sums_of, raw_W, A)
    single = problem.in_single_precision.samples.reduce(sums_of, W, A)
    assert problem.in_single_precision.samples.arrays()[0].dtype == np.float32
    assert set(double) == {"residual", *["root"] * weighted, *["beside"] * biased}
    for name, value in double.items():
        np.testing.assert_allclose(plain[name], value, rtol=1e-9)
        np.testing.assert_allclose(single[name], value, rtol=1e-4)
    # By hand.
    root = np.sqrt(weight / weight.max())[:, None] if weighted else np.ones((3001, 1))
    inputs = np.column_stack([X, np.ones(3001)]) if biased else X
    if biased:
        Y = Y - np.average(Y, axis=0, weights=weight)
    outputs = Y @ (N @ M).T / problem.output_scale
    E = root * (outputs - np.maximum(inputs @ raw_W.T, 0.0) @ A.T)
    np.testing.assert_allclose(double["residual"], E.T @ E, rtol=1e-9)
    some = problem.subset(100, rng=rng)
    assert some.n_rows == 100
    assert some.total == pytest.approx(np.sum(some.source.arrays()[2]) if weighted else 100.0)


@given(
    seed=st.integers(0, 10**6),
    offset=st.integers(0, 7),
    weighted=st.booleans(),
    hidden_bias=st.booleans(),
)
def test_an_offset_of_the_outputs_is_all_in_the_centre(seed, offset, weighted, hidden_bias):
    X, Y = draw(seed)
    rng = np.random.default_rng(seed)
    # So few digits that the outputs with their offset are exact.
    Y = np.round(Y * 2.0**20) / 2.0**20
    b = np.round(10.0**offset * rng.uniform(-1.0, 1.0, 3))
    weight = rng.uniform(0.0, 1.0, 60) if weighted else None
    if weighted:
        weight[0], Y[0] = 0.0, 2.0**20
    options = {"fit_hidden_bias": hidden_bias, "fit_intercept": True}
    plain, moved = (
        pose(ArraySamples(X, shifted, weight, batch_rows=25), **options) for shifted in (Y, Y + b)
    )
    np.testing.assert_allclose(moved.centre, plain.centre + b, rtol=1e-15)
    np.testing.assert_allclose(moved.output_scale, plain.output_scale, rtol=1e-9)
    for name in ("xx", "yx", "yy", "x", "y"):
        one, other = (getattr(each.moments, name) for each in (plain, moved))
        np.testing.assert_allclose(other, one, atol=1e-8)
    assert not moved.moments.y.any()
    W, A = rng.standard_normal((2, plain.n_inputs)), rng.standard_normal((3, 3))
    for sums in (
        lambda problem: problem.samples.reduce(sums_of, W, A[:, :2]),
        lambda problem: problem.in_single_precision.samples.reduce(sums_of, W, A[:, :2]),
        lambda problem: problem.rows.reduce_raw(sums_of, W @ plain.whitening.transform.T, A[:, :2]),
    ):
        one, other = sums(plain)["residual"], sums(moved)["residual"]
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-6)
    one, other = plain.network(W, A), moved.network(W, A)
    np.testing.assert_allclose(other.A, one.A, rtol=1e-9)
    np.testing.assert_allclose(other.output_bias, one.output_bias + b, rtol=1e-13, atol=1e-8)
    # Normal form scales the columns of neurons.
    np.testing.assert_allclose(moved.coordinates(other)[1][:, 2], A[:, 2], atol=1e-8)


@pytest.mark.parametrize("hidden_bias", [False, True])
def test_without_an_intercept_an_offset_is_real(hidden_bias):
    X, Y = draw(0)
    problem = pose(ArraySamples(X, Y + 10.0), fit_hidden_bias=hidden_bias)
    assert not problem.centre.any()
    np.testing.assert_allclose(problem.moments.y, Y.mean(axis=0) + 10.0)
    np.testing.assert_allclose(problem.samples.arrays()[1], (Y + 10.0) / problem.output_scale)


@pytest.mark.parametrize("unit", [5e-324, 1e-300, 1.0, 1e300])
def test_means_of_outputs_for_weights_of_any_size(unit):
    X, Y = draw(0)
    weight = unit * np.random.default_rng(1).integers(1, 9, 60)
    samples = ArraySamples(X, 1e60 * (Y + 1e5), weight, batch_rows=7)
    problem = pose(samples, fit_intercept=True)
    relative = weight / weight.max()
    mean = np.average(Y + 1e5, axis=0, weights=relative)
    np.testing.assert_allclose(problem.centre, 1e60 * mean, rtol=1e-15)
    spread = np.average((Y + 1e5 - mean) ** 2, weights=relative, axis=0).mean()
    np.testing.assert_allclose(problem.output_scale, 1e60 * np.sqrt(spread), rtol=1e-9)


@pytest.mark.parametrize("n_rows", [1, 5])
def test_rows_that_leave_no_spread_have_a_scale_all_the_same(n_rows):
    X, _ = draw(0, n=n_rows)
    weight = np.zeros(n_rows)
    weight[0] = 1.0
    Y = np.arange(1.0, 3.0 * n_rows + 1.0).reshape(n_rows, 3)
    problem = pose(ArraySamples(X, Y, weight), fit_intercept=True)
    assert problem.output_scale > 0.0
    assert np.isfinite(problem.samples.arrays()[1]).all()


@pytest.mark.parametrize("judge", [check_samples, pose, partial(pose, fit_intercept=True)])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda X, Y, w: X.__setitem__((7, 2), np.nan), r"Input X contains NaN at row 7.*'x2'"),
        (lambda X, Y, w: X.__setitem__((3, 0), -np.inf), r"Input X contains infinity at row 3"),
        (lambda X, Y, w: Y.__setitem__((59, 1), np.nan), r"Input Y contains NaN at row 59.*'y1'"),
        (lambda X, Y, w: w.__setitem__(5, np.nan), r"Input sample_weight contains NaN at row 5"),
        (lambda X, Y, w: w.__setitem__(5, -1.0), "negative weight"),
        (lambda X, Y, w: w.__setitem__(slice(None), 0.0), "zero for every row"),
        (lambda X, Y, w: X.__setitem__(slice(None), 3.0), "X is constant"),
        (lambda X, Y, w: X.__imul__(1e160), "largest value of X is .* another unit"),
        (lambda X, Y, w: Y.__imul__(1e-200), "largest value of Y is .* another unit"),
        (lambda X, Y, w: Y.__setitem__(slice(None), 1e308), "largest value of Y is .* another"),
        (lambda X, Y, w: Y.__setitem__(slice(8, 10), [[np.inf], [-np.inf]]), "Y contains infinity"),
        (lambda X, Y, w: w.__setitem__(5, np.inf), r"Input sample_weight contains infinity"),
        (lambda X, Y, w: Y.__setitem__(slice(None), [1.0, 2.0, 3.0]), "Y is constant"),
    ],
)
def test_unusable_data_are_refused(spoil, message, judge):
    X, Y = draw(0)
    weight = np.ones(60)
    judge(ArraySamples(X, Y, weight, batch_rows=7))
    spoil(X, Y, weight)
    with pytest.raises(ValueError, match=message):
        judge(ArraySamples(X, Y, weight, batch_rows=7))


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="no rows"):
        check_samples(ArraySamples(np.empty((0, 2)), np.empty((0, 1))))
