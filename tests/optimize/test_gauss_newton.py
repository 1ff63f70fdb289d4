"""The descent: where it ends, and what it does not depend on."""

from dataclasses import replace

import numpy as np
import pytest

from engine import Watched, make_problem
from pureneuron import TwoLayerNetwork
from pureneuron.datasets import make_teacher
from pureneuron.initialize import random_start
from pureneuron.model import likelihood, unit_rows
from pureneuron.optimize import Limits, evaluate, meeting, minimize
from pureneuron.optimize.comparison import THRESHOLDS as NEARNESS
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_noiseless_fits_are_exact(slope):
    problem, teacher = make_problem(5, noise=0.0, slope=slope)
    W = problem.to_white(teacher) + 0.1
    fit = minimize(problem, W)
    assert fit.info.converged
    assert fit.loss < 1e-27
    match = fit.network().match(teacher)
    assert match.error_A + match.error_W < 1e-24


def test_descent_never_climbs():
    problem, _ = make_problem(6)
    fit = minimize(problem, random_start(problem, 3, rng=np.random.default_rng(0)))
    assert len(fit.info.history) > 3
    assert np.all(np.diff(fit.info.history) <= 0.0)
    assert fit.loss == pytest.approx(evaluate(problem, fit.point.W, fit.point.A))


def test_a_last_step_is_known_by_its_promise(monkeypatch):
    rng = np.random.default_rng(3)
    teacher = make_teacher(16, 16, 16, rng=rng)
    X = rng.standard_normal((3000, 16))
    Y = teacher.predict(X) + 0.1 * rng.standard_normal((3000, 16))
    seen = []
    problem = pose(ArraySamples(X, Y))
    watched = replace(problem, rows=replace(problem.rows, source=Watched(problem.source, seen)))
    start = unit_rows(problem.to_white(teacher)) + 0.1 * unit_rows(rng.standard_normal((16, 16)))
    fit = minimize(watched, start)
    assert fit.info.converged
    asked = [name for name, n_rows in seen if n_rows == 3000]
    # The point where it ends has no gradient, for there are no further steps.
    assert asked.count("profile_sums") == asked.count("gradient_sums") + 1
    assert asked.count("gradient_sums") == fit.info.n_iter
    negligible = problem.negligible_gain(16, 1e-8)
    strict = likelihood.Thresholds(negligible=0.0, most_negligible=0.0)
    monkeypatch.setattr(likelihood, "THRESHOLDS", strict)
    further = minimize(problem, fit.point.W, fit.point.A, limits=Limits(tol=1e-12))
    assert further.info.n_iter > 0
    assert fit.loss <= (1.0 + negligible) * further.loss


def test_descent_does_not_depend_on_units_batches_or_repetition():
    rng = np.random.default_rng(7)
    teacher = make_teacher(4, 3, 5, rng=rng)
    X = rng.standard_normal((150, 4))
    Y = teacher.predict(X) + 0.1 * rng.standard_normal((150, 5))
    counts = rng.integers(1, 4, 150)
    versions = {
        "weighted": (ArraySamples(X, Y, counts.astype(float), batch_rows=11), teacher),
        "repeated": (ArraySamples(X.repeat(counts, axis=0), Y.repeat(counts, axis=0)), teacher),
        "rescaled": (
            ArraySamples(1e3 * X, 1e-4 * Y, counts.astype(float)),
            TwoLayerNetwork(teacher.A, teacher.W / 1e3),
        ),
    }
    losses = {}
    for name, (samples, start) in versions.items():
        problem = pose(samples)
        losses[name] = minimize(problem, problem.to_white(start) + 0.05).loss
    assert losses["weighted"] == pytest.approx(losses["repeated"], rel=1e-6)
    assert losses["rescaled"] == pytest.approx(losses["repeated"], rel=1e-6)


def test_a_start_where_another_descent_has_been_is_left_there():
    problem, _ = make_problem(0, n=2000)
    rng = np.random.default_rng(0)
    best = minimize(problem, random_start(problem, 3, rng=rng))
    near = best.point.W + 0.01 * rng.standard_normal(best.point.W.shape)
    joins = meeting(best.point, NEARNESS.same)
    met = minimize(problem, near, joins=joins)
    assert (met.info.joined, met.info.n_iter) == (True, 0)
    far = minimize(problem, random_start(problem, 3, rng=rng), joins=joins)
    assert far.info.n_iter > 0
