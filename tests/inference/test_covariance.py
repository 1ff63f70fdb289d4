"""Covariance of the unknowns, and standard errors in the units of the data, against dense sums."""

import pickle

import numpy as np
import pytest

import dense
from engine import inferred, make_problem, minimum
from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher
from pureneuron.inference import Blocks, Dependence, first_blocks
from pureneuron.inference.blocks import blocks_of_groups
from pureneuron.inference.covariance import (
    THRESHOLDS,
    Root,
    covariance_root,
    widened,
)
from pureneuron.inference.delta_method import large_standard_errors
from pureneuron.inference.information import information
from pureneuron.model import LeakyReLU
from pureneuron.optimize import Fit, Limits, minimize, profile
from pureneuron.problem import n_unknowns, pose
from pureneuron.samples import ArraySamples
from pureneuron.samples.streamed import StreamedSamples
from pureneuron.search import reweighted

CASES = {
    "plain": {},
    "weights": {"weighted": True},
    "biases": {"fit_hidden_bias": True, "fit_intercept": True},
    "all": {"weighted": True, "fit_hidden_bias": True, "fit_intercept": True, "slope": 0.3},
    "linear": {"weighted": True, "fit_intercept": True, "fit_linear": True},
    "linear, biases": {"fit_hidden_bias": True, "fit_intercept": True, "fit_linear": True},
}
# Beside a linear part every slope fits as well.
WITH_SLOPE = [
    (case, fits_slope)
    for case in CASES
    for fits_slope in (False, True)
    if not (fits_slope and "linear" in case)
]


def fitted(seed, *, weighted=False, n=200, noise=0.1, **options):
    weight = np.random.default_rng(seed).uniform(0.2, 3.0, n) if weighted else None
    problem, teacher = make_problem(seed, n=n, noise=noise, weight=weight, **options)
    return minimum(problem, teacher)


def sandwich(fit, of_scores, *, fits_slope=False):
    """Put the covariance of the sum of scores between two inverses of the information."""
    rows = dense.Rows.of(fit.problem)
    K = dense.bread(fit, rows, fits_slope=fits_slope)
    return K @ of_scores(rows) @ K / rows.total**2


def spent(fit, *, fits_slope=False):
    """Equations over equations less unknowns."""
    (m, q), (k, r) = fit.point.A.shape, fit.point.W.shape
    unknowns = m * q + k * (r - 1) + fits_slope
    assert unknowns == n_unknowns(fit.problem, k) + fits_slope
    equations = fit.problem.n_effective * m
    return equations / (equations - unknowns)


def close(found, wanted):
    return found == pytest.approx(wanted, abs=1e-6 * np.abs(wanted).max())


@pytest.mark.parametrize(("case", "fits_slope"), WITH_SLOPE)
class TestKinds:
    """Each kind against an explicit sum over the rows."""

    def test_iid(self, case, fits_slope):
        fit = fitted(1, **CASES[case])

        def of_scores(rows):
            E = dense.residuals(fit, rows)
            J = dense.jacobian(fit, rows, fits_slope=fits_slope)
            noise = E.T @ E / rows.total * spent(fit, fits_slope=fits_slope)
            # Kish: as many rows as the weights leave.
            kish = rows.total / fit.problem.n_effective
            return kish * np.einsum("nip,ij,njq->pq", J, noise, J)

        _, found, errors = inferred(fit, "iid", fits_slope=fits_slope)
        assert close(found, sandwich(fit, of_scores, fits_slope=fits_slope))
        m = fit.problem.n_outputs
        equations = fit.problem.n_effective * m
        assert errors.freedom == pytest.approx(equations / spent(fit, fits_slope=fits_slope))

    def test_robust(self, case, fits_slope):
        fit = fitted(2, **CASES[case])

        def of_scores(rows):
            scores, _ = dense.jackknifed(fit, rows, np.arange(200), fits_slope=fits_slope)
            return scores.T @ scores * spent(fit, fits_slope=fits_slope)

        _, found, _ = inferred(fit, "robust", fits_slope=fits_slope)
        assert close(found, sandwich(fit, of_scores, fits_slope=fits_slope))

    def test_serial(self, case, fits_slope):
        fit, lag = fitted(3, **CASES[case]), 5

        def of_scores(rows):
            scores, _ = dense.jackknifed(fit, rows, np.arange(200), fits_slope=fits_slope)
            n = len(scores)
            apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
            bartlett = np.maximum(1.0 - apart / lag, 0.0)
            kept = 1.0 - lag / n
            return scores.T @ bartlett @ scores * spent(fit, fits_slope=fits_slope) / kept

        _, found, errors = inferred(fit, "serial", lag=lag, fits_slope=fits_slope)
        assert close(found, sandwich(fit, of_scores, fits_slope=fits_slope))
        assert errors.freedom == pytest.approx(1.5 * 200 / lag)

    def test_groups(self, case, fits_slope):
        plain = fitted(4, **CASES[case])
        X, Y, weight = plain.problem.source.arrays()
        groups = np.random.default_rng(0).integers(1, 21, 200)
        biases = {name: each for name, each in CASES[case].items() if name.startswith("fit_")}
        samples = ArraySamples(X, Y, weight, groups=groups, batch_rows=64)
        problem = pose(samples, activation=plain.problem.activation, **biases)
        fit = minimum(problem, plain.network())

        def of_scores(rows):
            sums, _ = dense.jackknifed(fit, rows, groups - 1, fits_slope=fits_slope)
            return sums.T @ sums * 20 / 19 * spent(fit, fits_slope=fits_slope)

        _, found, errors = inferred(fit, "groups", fits_slope=fits_slope)
        assert close(found, sandwich(fit, of_scores, fits_slope=fits_slope))
        assert errors.freedom == 19


def test_long_memory_is_added_up_in_runs():
    fit = fitted(5, n=400)
    rows = dense.Rows.of(fit.problem)
    runs, _ = dense.jackknifed(fit, rows, np.arange(400) // (40 // THRESHOLDS.blocks_a_lag))
    apart = np.abs(np.subtract.outer(np.arange(len(runs)), np.arange(len(runs))))
    bartlett = np.maximum(1.0 - apart / THRESHOLDS.blocks_a_lag, 0.0)
    _, found, _ = inferred(fit, "serial", lag=40)
    kept = 1.0 - 40 / 400
    assert close(found, sandwich(fit, lambda _: runs.T @ bartlett @ runs * spent(fit) / kept))


def test_what_long_sums_miss_of_a_memory_is_added():
    problem, teacher = make_problem(7, n=400, noise=0.3)
    fit, blocks = minimum(problem, teacher), first_blocks(problem)
    known = information(fit)
    plain = Dependence("serial", 20, "given")
    long = Dependence("serial", 20, "given", left_out=0.1, memory=5.0)
    one, other = (covariance_root(fit, known, each, blocks).W ** 2 for each in (plain, long))
    # A fifth of the equations is independent, and 0.9 of the variance is in the sums.
    unknowns, equations = n_unknowns(problem, 3), 400 * 2
    factor = (1.0 - unknowns / equations) / (1.0 - unknowns / (equations / 5.0)) / 0.9
    np.testing.assert_allclose(other.sum(axis=0), factor * one.sum(axis=0), rtol=1e-6)


def test_a_group_a_row_is_robust():
    fit = fitted(6)
    X, Y, _ = fit.problem.source.arrays()
    problem = pose(ArraySamples(X, Y, groups=np.arange(200)))
    grouped = minimum(problem, fit.network())
    _, found, _ = inferred(grouped, "groups")
    _, wanted, _ = inferred(fit, "robust")
    assert found * 199 / 200 == pytest.approx(wanted, rel=1e-3, abs=1e-9)


def test_labels_of_groups_do_not_matter():
    # A few groups decide much, whatever they are called: numbers far apart are spread over blocks.
    fit = fitted(6)
    X, Y, _ = fit.problem.source.arrays()
    numbers = np.arange(200) // 10
    found = []
    for labels in (numbers, 10**9 * (numbers + 1) ** 3):
        problem = pose(StreamedSamples(lambda labels=labels: [(X, Y, None, labels)]))
        assert blocks_of_groups(problem, 2048).spread == (labels is not numbers)
        _, white, errors = inferred(minimum(problem, fit.network()), "groups")
        assert errors.freedom == 19
        found.append(white)
    assert found[0] == pytest.approx(found[1], rel=1e-6, abs=1e-12)


def test_rows_that_repeat_count_once():
    # A row twice is a row of weight 2, whatever the noise.
    rng = np.random.default_rng(0)
    problem, teacher = make_problem(7, noise=0.3)
    X, Y, _ = problem.source.arrays()
    count = rng.integers(1, 4, len(X))
    weighted = minimum(pose(ArraySamples(X, Y, count)), teacher)
    copies = pose(ArraySamples(np.repeat(X, count, 0), np.repeat(Y, count, 0)))
    W = copies.to_white(weighted.network())
    repeated = Fit(copies, profile(copies, W), weighted.info)
    assert weighted.loss == pytest.approx(repeated.loss, rel=1e-9)
    assert weighted.network().match(repeated.network()).error_W < 1e-20
    _, robust, _ = inferred(weighted, "robust")
    _, rows, errors = inferred(repeated, "groups", blocks=Blocks(64, "rows"))
    # Those of 200 rows count that switch a unit on; some share one of 2048 blocks, by chance.
    some_on = np.sum(np.any(X @ weighted.network().W.T > 0.0, axis=1))
    assert some_on - 15 <= errors.freedom <= some_on - 1
    scale = np.sqrt(np.diag(robust) / spent(weighted))
    # White coordinates are the same up to the sign of their axes.
    assert np.sqrt(np.diag(rows))[:6] == pytest.approx(scale[:6], rel=0.1)
    assert np.trace(rows) == pytest.approx(np.trace(robust) / spent(weighted), rel=0.1)


class TestUnits:
    """In the units of the data: the delta method, by differences of the reported network."""

    def posed(self, seed, *, full, biased, linear):
        rng, slope = np.random.default_rng(seed), 0.2
        biases = {"fit_hidden_bias": biased, "fit_intercept": biased, "fit_linear": linear}
        d, k, m, n = 4, 3, 3, 300
        teacher = TwoLayerNetwork(
            rng.standard_normal((m, k)),
            rng.standard_normal((k, d)),
            0.5 * rng.standard_normal(k) * biased,
            rng.standard_normal(m) * biased,
            slope,
        )
        X = rng.standard_normal((n, d))
        Y = teacher.predict(X) + 0.1 * rng.standard_normal((n, m)) * [1.0, 0.5, 2.0]
        # Other units of each input, and of all outputs.
        units = 10.0 ** rng.uniform(-3, 3, d)
        teacher = TwoLayerNetwork(
            1e3 * teacher.A,
            teacher.W / units,
            teacher.hidden_bias,
            1e3 * teacher.output_bias,
            slope,
        )
        problem = pose(ArraySamples(X * units, 1e3 * Y), activation=LeakyReLU(slope), **biases)
        fit = minimum(problem, teacher)
        return reweighted(fit, limits=Limits(50))[0] if full else fit

    @pytest.mark.parametrize("full", [False, True])
    @pytest.mark.parametrize(
        ("linear", "fits_slope"), [(False, False), (False, True), (True, False)]
    )
    @pytest.mark.parametrize("biased", [False, True])
    @pytest.mark.parametrize("seed", range(3))
    def test_covariance(self, seed, biased, linear, fits_slope, full):
        fit = self.posed(seed, full=full, biased=biased, linear=linear)
        _, white, errors = inferred(fit, "robust", fits_slope=fits_slope)
        wanted = dense.delta_method(fit, white, fits_slope=fits_slope)
        scale = np.sqrt(np.diag(wanted))
        assert np.sqrt(np.diag(errors.covariance)) == pytest.approx(scale, rel=1e-4, abs=1e-12)
        scale = np.where(scale > 0.0, scale, 1.0)
        assert errors.covariance / np.outer(scale, scale) == pytest.approx(
            wanted / np.outer(scale, scale), abs=1e-4
        )
        network = fit.network()
        assert errors.W.shape == network.W.shape
        assert errors.A.shape == network.A.shape
        parts = [errors.A, errors.W, errors.hidden_bias, errors.output_bias]
        flat = np.concatenate([*(part.ravel() for part in parts), [errors.negative_slope]])
        flat = np.append(flat, errors.linear) if linear else flat
        # To first order; a squared turn adds to the variance of a row and of its length.
        first = np.diag(errors.covariance)
        turned = first[9:21].reshape(3, 4).sum(axis=1)
        second = np.zeros_like(flat)
        second[:24] = [
            *(network.A**2 * turned**2).ravel(),
            *(network.W**2 * turned[:, None] ** 2).ravel(),
            *(network.hidden_bias**2 * turned**2),
        ]
        assert (flat**2 >= first * (1.0 - 1e-9)).all()
        assert (flat**2 <= (first + second) * (1.0 + 1e-9)).all()
        # What is not fitted is known.
        assert (errors.hidden_bias > 0.0).all() == biased
        assert (errors.output_bias > 0.0).all() == biased
        assert (errors.negative_slope > 0.0) == fits_slope
        assert errors.linear.shape == network.linear.shape
        assert (errors.linear > 0.0).all() == linear

    @pytest.mark.parametrize("biased", [False, True])
    def test_of_weights_that_are_nearly_all_of_their_row(self, biased):
        # Against draws of the weights, normalised one by one.
        rng = np.random.default_rng(0)
        options = {"fit_hidden_bias": biased, "fit_intercept": biased}
        teacher = TwoLayerNetwork(rng.standard_normal((2, 2)), [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
        X = rng.standard_normal((200, 3))
        Y = teacher.predict(X) + 0.3 * rng.standard_normal((200, 2))
        fit = minimum(pose(ArraySamples(X, Y), **options), teacher)
        _, white, errors = inferred(fit, "iid")
        network, theta = fit.network(), dense.unknowns(fit, fits_slope=False)
        squares = np.zeros((5, 2))
        for at in rng.multivariate_normal(theta, white, size=4000, check_valid="ignore"):
            A, W, _ = dense.apart(fit, at)
            drawn = fit.problem.network(W, A)
            squares += np.vstack([drawn.A - network.A, (drawn.W - network.W).T]) ** 2 / 4000
        spread, found = np.sqrt(squares), np.vstack([errors.A, errors.W.T])
        # What is added is meant for a turn in one direction: it is at most three times too much.
        assert (found > 0.93 * spread).all()
        assert (found < 1.8 * spread).all()
        first = np.sqrt(np.diag(errors.covariance))[[4, 7]]
        assert (first < 0.8 * spread[2]).any()

    @pytest.mark.parametrize("linear", [False, True])
    @pytest.mark.parametrize("biased", [False, True])
    def test_permuted(self, biased, linear):
        fit = self.posed(0, full=False, biased=biased, linear=linear)
        _, _, errors = inferred(fit, "robust", fits_slope=not linear)
        order = np.array([2, 0, 1])
        moved = errors.permuted(order)
        turned = minimize(fit.problem, fit.point.W[order], fit.point.A[:, order_of(fit, order)])
        _, _, wanted = inferred(turned, "robust", fits_slope=not linear)
        names = ("A", "W", "hidden_bias", "output_bias", "negative_slope", "linear", "covariance")
        for name in names:
            assert getattr(moved, name) == pytest.approx(getattr(wanted, name), rel=1e-3, abs=1e-9)
        assert np.array_equal(moved.permuted(np.argsort(order)).covariance, errors.covariance)

    @pytest.mark.parametrize("linear", [False, True])
    @pytest.mark.parametrize("biased", [False, True])
    def test_predictions(self, biased, linear):
        fit = self.posed(1, full=True, biased=biased, linear=linear)
        _, white, errors = inferred(fit, "robust", fits_slope=not linear)
        X = fit.problem.source.arrays()[0][:50]
        theta = dense.unknowns(fit, fits_slope=not linear)

        def predicted(at):
            A, W, slope = dense.apart(fit, at)
            return fit.problem.with_activation(LeakyReLU(slope)).network(W, A).predict(X)

        J = dense.derivative(predicted, theta)
        wanted = np.sqrt(np.einsum("nmp,pq,nmq->nm", J, white, J))
        assert errors.of_prediction(fit.network(), X) == pytest.approx(wanted, rel=1e-5)


def order_of(fit, order):
    """Return the order of the columns of A, those of no neuron last."""
    return np.append(order, len(order) + np.arange(fit.problem.n_beside))


def test_intervals_are_those_of_students_law():
    fit = fitted(8, n=60)
    _, _, errors = inferred(fit, "iid")
    network = fit.network()
    ends = errors.intervals(network, 0.9)
    assert ends.W.shape == (3, 4, 2)
    assert ends.W.mean(axis=-1) == pytest.approx(network.W)
    half = (ends.A[..., 1] - ends.A[..., 0]) / 2.0
    factor = half / errors.A
    # Student's law with 120 - 15 degrees of freedom, from a table.
    assert factor == pytest.approx(np.full_like(factor, 1.6595), rel=1e-3)
    assert np.array_equal(ends.negative_slope, [0.0, 0.0])


@pytest.mark.parametrize("kind", ["iid", "robust", "serial", "groups"])
@pytest.mark.parametrize("biased", [False, True])
def test_batches_do_not_matter(kind, biased):
    rng = np.random.default_rng(0)
    problem, teacher = make_problem(9, n=1000)
    X, Y, _ = problem.source.arrays()
    weight, groups = rng.uniform(0.5, 2.0, 1000), rng.integers(30, size=1000)
    if kind != "groups":
        groups = None
    parts = np.array_split(np.arange(1000), 17)

    def streamed():
        for rows in parts:
            yield X[rows], Y[rows], weight[rows], *(() if groups is None else (groups[rows],))

    options = {
        "rng": 0,
        "init": teacher,
        "n_restarts": 1,
        "errors": "auto" if kind == "groups" else kind,
        "fit_hidden_bias": biased,
        "fit_intercept": biased,
    }
    found = [
        recover(samples, 3, **options)
        for samples in (
            ArraySamples(X, Y, weight, groups=groups),
            ArraySamples(X, Y, weight, groups=groups, batch_rows=64),
            StreamedSamples(streamed),
        )
    ]
    one = found[0]
    assert {recovery.reason for recovery in found} == {one.reason}
    assert one.standard_errors.kind == kind
    for other in found[1:]:
        assert other.standard_errors.freedom == pytest.approx(one.standard_errors.freedom)
        assert other.standard_errors.covariance == pytest.approx(
            one.standard_errors.covariance, rel=1e-3, abs=1e-9
        )
        figures = [each.stage("inference").figures for each in (one, other)]
        for name in ("smaller_gain", "lag"):
            if name in figures[0]:
                assert figures[1][name] == pytest.approx(figures[0][name], rel=5e-2)
        # A unit more that fits noise ends in one of many small minima: rounding chooses which.
        name = "omitted_unit_p_value"
        assert figures[1][name] == pytest.approx(figures[0][name], abs=0.1)


class TestRowsThatKinksPass:
    """Rows of W turn further than to first order."""

    @pytest.mark.parametrize("slope", [0.0, 0.4])
    def test_by_a_share_of_the_turn_for_gaussian_inputs(self, slope):
        problem, teacher = make_problem(8, n=100_000, noise=0.1, slope=slope)
        fit = minimum(problem, teacher)
        turns = np.array([0.02, 0.1, 0.3])
        W = turns[:, None] * np.random.default_rng(0).standard_normal((1, 3, problem.n_inputs))
        W *= (turns / np.linalg.norm(W, axis=2))[..., None]
        root = Root(np.zeros((1, *fit.point.A.shape)), W, np.zeros(1), np.inf)
        size = np.linalg.norm(fit.point.W, axis=1)
        share = np.arctan(turns / size) / np.pi * (1.0 - slope) ** 2 / (1.0 + slope**2)
        wide = np.linalg.norm(widened(fit, root).W, axis=2)[0]
        # The triangle is not quite the normal tail.
        np.testing.assert_allclose(wide / turns - 1.0, share, rtol=0.06)

    def test_weights_are_repetition(self):
        problem, teacher = make_problem(9, noise=0.3)
        X, Y, _ = problem.source.arrays()
        count = np.random.default_rng(0).integers(1, 4, len(X))
        copies = minimum(
            pose(ArraySamples(np.repeat(X, count, 0), np.repeat(Y, count, 0))), teacher
        )
        weighted = minimum(pose(ArraySamples(X, Y, count.astype(float))), teacher)
        root = Root(np.zeros((1, 2, 3)), np.full((1, 3, 4), 0.1), np.zeros(1), np.inf)
        sizes = [np.linalg.norm(widened(fit, root).W, axis=2) for fit in (copies, weighted)]
        np.testing.assert_allclose(*sizes, rtol=1e-4)

    def test_errors_are_those_of_repeated_data(self):
        # Much noise, few rows: a turn of a seventh, and errors to first order are too small.
        rng = np.random.default_rng(0)
        X = rng.standard_normal((200, 3))
        teacher = TwoLayerNetwork([[1.0]], [[1.0, 0.0, 0.0]])
        turned, first, wide = [], [], []
        for _ in range(400):
            problem = pose(ArraySamples(X, teacher.predict(X) + rng.standard_normal((200, 1))))
            truth = problem.to_white(teacher)
            # The loss is rough, and the minimum next to the truth is nearer to it than the lowest.
            starts = truth + 0.25 * np.linalg.norm(truth) * rng.standard_normal((5, *truth.shape))
            fit = min((minimize(problem, W) for W in starts), key=lambda fit: fit.loss)
            turned.append(fit.network().W[0, 1:] ** 2)
            first.append(inferred(fit)[2].W[0, 1:] ** 2)
            wide.append(inferred(fit, wide=True)[2].W[0, 1:] ** 2)
        # Of 800 numbers, known to two or three per cent.
        spread = np.mean(turned)
        assert np.sqrt(np.mean(first) / spread) < 0.95
        assert 0.95 < np.sqrt(np.mean(wide) / spread) < 1.05


class TestLarge:
    """Where the information is factored and not inverted."""

    @pytest.mark.parametrize("linear", [False, True])
    @pytest.mark.parametrize("biased", [False, True])
    @pytest.mark.parametrize("kind", ["groups", "serial"])
    def test_errors_are_those_of_the_inverse(self, kind, biased, linear):
        options = {"fit_hidden_bias": biased, "fit_intercept": biased, "fit_linear": linear}
        problem, teacher = make_problem(4, n=300, noise=0.3, **options)
        groups = np.arange(300) // 5
        X, Y, _ = problem.source.arrays()
        problem = pose(ArraySamples(X, Y, groups=groups), **options)
        fit = minimum(problem, teacher)
        blocks = first_blocks(problem)
        wanted = inferred(fit, kind, lag=8, blocks=blocks, wide=True)[2]
        found = large_standard_errors(fit, Dependence(kind, 8, "given"), blocks)
        for name in ("A", "W", "hidden_bias", "output_bias", "linear"):
            # The optimiser's rounding and the ridge under the factor are all that differs.
            assert getattr(found, name) == pytest.approx(getattr(wanted, name), rel=1e-4)
        assert found.freedom == wanted.freedom

    def test_of_independent_rows_they_vary_about_those_of_the_information(self):
        problem, teacher = make_problem(5, n=4000, noise=0.3)
        fit = minimum(problem, teacher)
        wanted = inferred(fit)[2]
        found = large_standard_errors(fit, Dependence("iid", 0, "given"), first_blocks(problem))
        # 500 blocks: a relative standard error of 1 / sqrt(1000), of the mean of many less.
        for name in ("A", "W"):
            ratios = getattr(found, name) / getattr(wanted, name)
            assert np.all(np.abs(ratios - 1.0) < 5.0 / np.sqrt(1000))
            assert abs(ratios.mean() - 1.0) < 3.0 / np.sqrt(1000)

    def test_they_are_made_when_asked_for_and_pickled_then(self):
        teacher = make_teacher(21, 20, 20, rng=0)
        rng = np.random.default_rng(1)
        X = rng.standard_normal((1000, 21))
        Y = teacher.predict(X) + 0.1 * rng.standard_normal((1000, 20))
        recovery = recover(ArraySamples(X, Y), 20, rng=0)
        assert callable(recovery.errors)
        assert pickle.loads(pickle.dumps(recovery)).standard_errors is None
        errors = recovery.standard_errors
        match = recovery.network.match(teacher.normalized())
        truth = teacher.normalized().permuted(match.right)
        network = recovery.network.permuted(match.left)
        z = (network.W - truth.W) / errors.W[match.left]
        assert 0.9 < np.sqrt(np.mean(z**2)) < 1.1
        again = pickle.loads(pickle.dumps(recovery)).standard_errors
        assert np.array_equal(again.W, errors.W)

    def test_there_are_none_with_a_slope_that_was_fitted(self):
        rng = np.random.default_rng(0)
        teacher = make_teacher(21, 20, 20, rng=0)
        teacher = TwoLayerNetwork(teacher.A, teacher.W, negative_slope=0.3)
        X = rng.standard_normal((1500, 21))
        Y = teacher.predict(X) + 0.05 * rng.standard_normal((1500, 20))
        recovery = recover(ArraySamples(X, Y), 20, negative_slope="auto", rng=0)
        assert recovery.standard_errors is None
        with pytest.raises(ValueError, match="400 where the slope is fitted"):
            recovery.conf_int()
