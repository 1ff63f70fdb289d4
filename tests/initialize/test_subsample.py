"""Starts on a part of the rows: where they lead, and when they are believed."""

import sys

import numpy as np
import pytest

from engine import make_problem
from pureneuron.datasets import make_teacher
from pureneuron.initialize import HessianEstimate, Subsample, random_start
from pureneuron.monitor import Monitor
from pureneuron.optimize import displacement, minimize
from pureneuron.problem import pose
from pureneuron.samples import ArraySamples
from pureneuron.spectral import linear_part

# The attribute of the package is not the module where both have one name.
module = sys.modules["pureneuron.initialize.subsample"]


def first(problem, n_neurons, seed=0, callback=None):
    part, rng = linear_part(problem), np.random.default_rng(seed)
    return Subsample(part).first(problem, n_neurons, rng=rng, monitor=Monitor(callback))


def all_proposals(problem, n_neurons, seed=0):
    proposal = first(problem, n_neurons, seed)
    while proposal is not None:
        yield proposal
        proposal = proposal.following()


def posed(seed, k, d, m, *, noise=0.1, n=8000, **conditions):
    rng = np.random.default_rng(seed)
    teacher = make_teacher(d, k, m, rng=rng, **conditions)
    X = rng.standard_normal((n, d))
    Y = teacher.predict(X) + noise * rng.standard_normal((n, m))
    return pose(ArraySamples(X, Y)), teacher


def test_it_leads_to_the_minimum_of_all_rows():
    problem, teacher = posed(15, 4, 5, 6, condition_W=10.0)
    *_, proposal = all_proposals(problem, 4)
    winner = proposal.corroborated().candidate
    assert "two starts end in the same minimum" in winner.corroborated_by
    best = minimize(problem, problem.to_white(teacher))
    assert displacement(winner.W, winner.A, best.point.W, best.point.A) < 0.5
    found = minimize(problem, winner.W, winner.A, damping=1e-4)
    assert found.loss == pytest.approx(best.loss, rel=1e-5)
    assert found.info.n_iter <= 6


def test_proposals_are_values():
    problem, _ = posed(15, 4, 5, 6, condition_W=10.0)
    proposal = first(problem, 4)
    before = proposal.candidate
    later = proposal.corroborated()
    assert later is not proposal
    assert proposal.candidate == before or np.array_equal(proposal.candidate.W, before.W)
    assert proposal.n_starts == 1
    assert later.n_starts > 1


def test_it_starts_where_average_hessians_point():
    problem, teacher = posed(14, 6, 8, 7)
    seen = []
    proposal = first(problem, 6, callback=lambda at: seen.append(at))
    start = proposal.candidate
    assert start.corroborated_by.endswith("a start ends where average Hessians put every neuron")
    assert proposal.following() is None
    # One start, and no wandering about.
    assert len([at for at in seen if at.iteration]) <= 4
    best = minimize(problem, problem.to_white(teacher))
    assert displacement(start.W, start.A, best.point.W, best.point.A) < 0.5


def test_it_does_not_start_where_hessians_are_far_from_diagonal(monkeypatch):
    drawn = []

    def draw(*args, **kwargs):
        drawn.append(random_start(*args, **kwargs))
        return drawn[-1]

    monkeypatch.setattr(module, "random_start", draw)
    for condition in (1.0, 30.0):
        problem, _ = posed(14, 8, 8, 8, condition_W=condition)
        assert first(problem, 8) is not None
        assert len(drawn) == (condition > 1.0)


def test_there_is_none_without_rows_to_spare():
    problem, _ = make_problem(12, n=900, m=4)
    assert first(problem, 3) is None


def test_there_is_none_where_single_rows_carry_a_direction():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((6000, 4))
    X[:, 3] = 0.0
    X[17, 3] = 1.0
    assert first(pose(ArraySamples(X, rng.standard_normal((6000, 2)))), 3) is None


def test_it_goes_on_until_two_agree(monkeypatch):
    problem, teacher = posed(14, 6, 6, 6, noise=0.01, n=6000, condition_W=30.0)
    best = minimize(problem, problem.to_white(teacher))
    draws = []

    def first_astray(*args, **kwargs):
        W = random_start(*args, **kwargs)
        if not draws:
            # Coincident neurons part by rounding at most: this descent ends with too few.
            W[:] = W[0]
        draws.append(W)
        return W

    monkeypatch.setattr(module, "random_start", first_astray)
    right = []
    for proposal in all_proposals(problem, 6):
        start = proposal.candidate
        led = minimize(problem, start.W, start.A, damping=1e-4)
        right.append(led.loss <= 1.001 * best.loss)
        # Nothing speaks for a start that leads elsewhere.
        assert right[-1] or not proposal.corroborated().candidate.corroborated_by
    assert right[0] is False
    assert right[-1]


def test_hessians_that_mislead_corroborate_nothing(monkeypatch):
    problem, teacher = posed(14, 6, 6, 6)
    W = random_start(problem, 6, rng=np.random.default_rng(0))
    away = HessianEstimate(W, np.eye(6), 0.0)
    monkeypatch.setattr(module, "hessian_estimate", lambda *args, **kwargs: away)
    best = minimize(problem, problem.to_white(teacher))
    proposals = [each.corroborated().candidate for each in all_proposals(problem, 6)]
    assert "Hessians" not in proposals[0].corroborated_by
    last = proposals[-1]
    assert last.corroborated_by.endswith("two starts end in the same minimum")
    assert displacement(last.W, last.A, best.point.W, best.point.A) < 0.5
