"""What rows add to the covariance of a residual with functions of the inputs."""

import numpy as np
import pytest

import dense
from engine import make_problem, minimum
from pureneuron.inference import Blocks
from pureneuron.inference.candidates import Candidates, candidates
from pureneuron.inference.contributions import Contributions, Scores
from pureneuron.inference.information import information
from pureneuron.model import LeakyReLU
from pureneuron.optimize import Fit, profile
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples

CASES = {
    "plain": {},
    "weights": {"weighted": True},
    "biases": {"fit_hidden_bias": True, "fit_intercept": True},
    "slope": {"slope": 0.3, "fits_slope": True},
    "all": {"weighted": True, "fit_hidden_bias": True, "fit_intercept": True, "slope": 0.3},
    "linear": {"weighted": True, "fit_linear": True},
    "linear, biases": {"fit_hidden_bias": True, "fit_intercept": True, "fit_linear": True},
}
BLOCKS = Blocks(5, "order", 40)
NUMBER = np.minimum(np.arange(200) // 40, 4)


class Unstandardised(Scores):
    """Contributions as they are."""

    @classmethod
    def standardised(cls, z, counted):
        return cls(z, counted)


class Ready:
    """The contributions of a fit, for any functions."""

    def __init__(self, fit, known):
        self.fit, self.known = fit, known
        some = candidates(fit, rng=np.random.default_rng(0))
        some = Contributions(fit, known, BLOCKS, some)
        self.whiten, self.along = some.whiten, some.along

    def scores(self, tried):
        return Contributions(self.fit, self.known, BLOCKS, tried).scores


@pytest.fixture
def raw(monkeypatch):
    """Leave contributions as they are, not divided by their spread."""
    monkeypatch.setattr("pureneuron.inference.contributions.Scores", Unstandardised)


def fitted(seed, *, weighted=False, fits_slope=False, **options):
    weight = np.random.default_rng(seed).uniform(0.2, 3.0, 200) if weighted else None
    problem, teacher = make_problem(seed, weight=weight, **options)
    fit = minimum(problem, teacher)
    # In double precision: functions are compared to eight digits.
    known = information(fit, fits_slope=fits_slope)
    return fit, known, Ready(fit, known)


@pytest.fixture(autouse=True)
def _double(monkeypatch):
    monkeypatch.setattr("pureneuron.inference.contributions.single_suffices", lambda loss: False)


def values(fit, rows, tried):
    """Return the candidates (n, C), each times the root of the weight."""
    t = rows.X @ tried.directions.T - rows.one * tried.thresholds
    Z = rows.X @ fit.point.W.T
    slope = fit.problem.activation.negative_slope
    parts = [np.maximum(t, 0.0), np.where(Z > 0.0, 1.0, slope)[:, tried.steps] * rows.one]
    if tried.constant:
        parts.append(rows.one)
    parts += [rows.X @ tried.linear.T, (rows.X @ tried.squared.T) ** 2 / rows.one]
    parts.append((dense.outputs(fit, dense.unknowns(fit), rows) @ tried.outputs.T) ** 2 / rows.one)
    return np.hstack(parts)


@pytest.mark.parametrize("case", CASES)
def test_contributions_of_blocks_are_those_of_the_rows(raw, case):
    fit, known, contributions = fitted(1, **CASES[case])
    rows = dense.Rows.of(fit.problem)
    tried = candidates(fit, rng=np.random.default_rng(0))
    found = contributions.scores(tried).z
    # z = e g − (Jᵀg)ᵀ K ψ for every whitened output by itself.
    fits_slope = known.fits_slope
    E = dense.residuals(fit, rows)
    G = values(fit, rows, tried)
    assert G.shape[1] == len(tried.families)
    J = dense.jacobian(fit, rows, fits_slope=fits_slope)
    psi = np.einsum("nm,nmp->np", E, J)
    K = dense.bread(fit, rows, fits_slope=fits_slope)
    JG = np.einsum("nmp,nc->mpc", J, G) / rows.total
    explained = np.einsum("mpc,pq,nq->ncm", JG, K, psi)
    z = (E[:, None, :] * G[:, :, None] - explained) @ contributions.whiten.T
    wanted = np.array([z[b == NUMBER].sum(axis=0) for b in range(5)])
    assert found == pytest.approx(wanted, abs=1e-6 * np.abs(wanted).max())
    # What is taken off adds up to nothing, up to what the descent has left of the scores.
    products = np.einsum("nc,nm->ncm", G, E @ contributions.whiten.T)
    left = found.sum(axis=0) - products.sum(axis=0)
    assert np.all(np.abs(left) < 0.2 * np.sqrt(np.sum(products**2, axis=0)))


@pytest.mark.parametrize("case", ["plain", "biases", "slope", "linear, biases"])
def test_the_covariance_after_a_refit_changes_as_contributions_say(raw, case):
    """Make the noise of one block larger, fit again: what changes of Σ e g is z of that block."""
    fits_slope = CASES[case].get("fits_slope", False)
    options = {**CASES[case], "noise": 0.0, "slope": CASES[case].get("slope", 0.0)}
    options.pop("fits_slope", None)
    problem, teacher = make_problem(2, **options)
    rng = np.random.default_rng(0)
    X, clean, _ = problem.source.arrays()
    noise = np.zeros_like(clean)
    noise[NUMBER == 2] = rng.standard_normal((40, 2))
    biases = {name: each for name, each in options.items() if name.startswith("fit_")}
    activation = problem.activation

    def posed(size):
        return pose(ArraySamples(X, clean + size * noise), activation=activation, **biases)

    size = 1e-4
    disturbed = posed(size)
    # Without noise e vanishes, and so do second derivatives: one Gauss–Newton step is exact.
    W = disturbed.to_white(teacher)
    at_truth = Fit(disturbed, profile(disturbed, W), None)
    known = information(at_truth, fits_slope=fits_slope)
    tried = candidates(at_truth, rng=rng)
    contributions = Ready(at_truth, known)
    rows = dense.Rows.of(disturbed)
    G = values(at_truth, rows, tried)
    # A step by dense least squares, along the gauge.
    J = dense.jacobian(at_truth, rows, fits_slope=fits_slope)
    E = dense.residuals(at_truth, rows)
    K = dense.bread(at_truth, rows, fits_slope=fits_slope)
    step = K @ np.einsum("nmp,nm->p", J, E) / rows.total
    after = rows.Y - dense.outputs(
        at_truth, dense.unknowns(at_truth, fits_slope=fits_slope) + step, rows
    )
    whole = np.einsum("nc,nm->cm", G, after)
    z = contributions.scores(tried).z @ np.linalg.pinv(contributions.whiten).T
    scale = np.abs(whole).max()
    assert z.sum(axis=0) == pytest.approx(whole, abs=1e-3 * scale)
    # The profile at the truth has made A fit the noise: that alone is spread over the blocks.
    assert np.abs(z[2]).max() > 3.0 * np.abs(np.delete(z, 2, axis=0)).max()


def only(W, families=(), *, linear=None, constant=False, steps=(), outputs=None):
    """Make candidates of one's own."""
    r = W.shape[1]
    return Candidates(
        directions=W,
        thresholds=np.zeros(len(W)),
        families=("unit",) * (len(W) + len(steps) + constant)
        + ("input",) * (0 if linear is None else len(linear)),
        steps=np.asarray(steps, dtype=np.intp),
        constant=constant,
        linear=np.zeros((0, r)) if linear is None else linear,
        squared=np.zeros((0, r)),
        outputs=np.zeros((0, 2)) if outputs is None else outputs,
    )


def test_functions_that_the_model_spans_do_not_count():
    fit, _, contributions = fitted(3)
    other = np.random.default_rng(0).standard_normal((2, 4))
    found = contributions.scores(only(np.vstack([fit.point.W, other])))
    assert list(found.counted) == [False] * 3 + [True] * 2
    assert np.array_equal(found.statistics[:3], np.zeros(3))
    assert (found.statistics[3:] > 0.0).all()


def test_the_constant_is_spanned_where_there_is_an_intercept():
    for intercept, counted in ((True, False), (False, True)):
        _, _, contributions = fitted(4, fit_intercept=intercept)
        nothing = np.zeros((0, 4))
        assert list(contributions.scores(only(nothing, constant=True)).counted) == [counted]


def test_scores_are_standardised():
    z = np.random.default_rng(0).standard_normal((20, 3, 2))
    scores = Scores.standardised(z, np.array([True, False, True]))
    sums = z.sum(axis=0) / np.sqrt(np.sum(z**2, axis=0))
    wanted = np.sum(sums**2, axis=1) * [1.0, 0.0, 1.0]
    assert scores.statistics == pytest.approx(wanted)
    half = np.arange(20) % 2 == 0
    sums = z[half].sum(axis=0) / np.sqrt(np.sum(z[half] ** 2, axis=0))
    assert scores.of_blocks(half) == pytest.approx(np.sum(sums**2, axis=1) * [1.0, 0.0, 1.0])


def test_the_residual_is_made_white():
    fit, _, contributions = fitted(5)
    E = dense.residuals(fit, dense.Rows.of(fit.problem)) @ contributions.whiten.T
    assert E.T @ E / 200 == pytest.approx(np.eye(2))
    # An output without noise is left out.
    X, Y, _ = fit.problem.source.arrays()
    Y = np.column_stack([Y, fit.network().predict(X)[:, :1]])
    problem = pose(ArraySamples(X, Y))
    again = Fit(problem, profile(problem, problem.to_white(fit.network())), fit.info)
    white = Ready(again, None).whiten
    assert white.shape == (2, 3)
    assert np.array_equal(white[:, 2], np.zeros(2))


@pytest.mark.parametrize("fits_slope", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
def test_the_covariance_with_a_change_leaves_out_what_the_tangent_space_spans(
    intercept, fits_slope
):
    fit, _, contributions = fitted(6, fit_intercept=intercept, slope=0.2, fits_slope=fits_slope)
    rows = dense.Rows.of(fit.problem)
    chosen = np.array([True, False, True, True, False])
    rng = np.random.default_rng(0)
    W, A = rng.standard_normal((2, 4)), rng.standard_normal((2, 2 + intercept))
    ((found, variance),) = contributions.along([(W, A, chosen)])
    assert np.array_equal(found[~chosen], np.zeros(2))
    Z = rows.X @ W.T
    H = np.where(Z > 0.0, Z, 0.2 * Z)
    change = (np.hstack([H, rows.one]) if intercept else H) @ A.T
    E = dense.residuals(fit, rows)
    J = dense.jacobian(fit, rows, fits_slope=fits_slope)
    some = chosen[NUMBER]
    K = dense.bread(fit, rows, fits_slope=fits_slope)
    # The regression over the chosen blocks, with the information of all rows.
    JC = np.einsum("nmp,nm->p", J[some], change[some]) / np.sum(some)
    z = np.sum(E * change, axis=1) - np.einsum("nm,nmp->np", E, J) @ K @ JC
    wanted = np.array([z[b == NUMBER].sum() for b in range(5)]) * chosen
    assert found == pytest.approx(wanted, abs=1e-6 * np.abs(wanted).max())
    # The variance for noise that is alike in all rows: what the information of all rows leaves.
    power, explained = np.sum(change[some] ** 2), np.sum(some) * JC @ K @ JC
    loudest = np.linalg.eigvalsh(E.T @ E / len(E))[-1]
    left = max(power - explained, 0.2 * power)
    assert variance == pytest.approx(loudest * left, rel=1e-4)


def test_batches_do_not_matter():
    found = []
    for batch_rows in (64, 1000):
        problem, teacher = make_problem(7)
        X, Y, _ = problem.source.arrays()
        problem = pose(ArraySamples(X, Y, batch_rows=batch_rows), activation=LeakyReLU())
        fit = minimum(problem, teacher)
        tried = candidates(fit, rng=np.random.default_rng(0))
        contributions = Ready(fit, information(fit))
        found.append(contributions.scores(tried).statistics)
    assert found[1] == pytest.approx(found[0], rel=1e-3, abs=1e-6)


def test_beside_a_linear_part_nothing_that_it_spans_is_tried():
    fit, known, contributions = fitted(3, fit_hidden_bias=True, fit_intercept=True, fit_linear=True)
    tried = candidates(fit, rng=np.random.default_rng(0))
    assert "slope" not in tried.families
    scores = Contributions(fit, known, BLOCKS, tried).scores
    assert scores.counted.all()
    # Units that are turned round, linear functions and the constant would be.
    spanned = contributions.scores(only(-fit.point.W, linear=np.eye(5), constant=True))
    assert not spanned.counted.any()


@pytest.mark.parametrize("case", ["plain", "weights", "linear, biases"])
def test_parts_are_the_rows_and_blocks_that_tell_of_a_unit(case):
    fit, known, _ = fitted(5, **CASES[case])
    rows = dense.Rows.of(fit.problem)
    tried = candidates(fit, rng=np.random.default_rng(0))
    contributions = Contributions(fit, known, BLOCKS, tried)
    hidden = rows.X @ fit.point.W.T
    hidden = hidden * np.where(hidden > 0.0, 1.0, fit.problem.activation.negative_slope)
    gains = (dense.residuals(fit, rows) @ fit.point.columns) * hidden
    in_blocks = np.array([gains[b == NUMBER].sum(axis=0) for b in range(5)])
    for g, by_rows in ((gains, True), (in_blocks, False)):
        wanted = np.sum(g**2, axis=0) ** 2 / np.sum(g**4, axis=0)
        assert contributions.parts(rows=by_rows) == pytest.approx(wanted, rel=1e-6)
