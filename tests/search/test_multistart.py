"""When the end of a search is believed."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from engine import make_problem, weak_neuron
from pureneuron.inference import check, first_blocks
from pureneuron.initialize import Candidate, Single, random_start
from pureneuron.monitor import Monitor
from pureneuron.optimize import Limits, distance, minimize
from pureneuron.search import evidence, multistart
from pureneuron.search.evidence import Evidence

LIMITS = Limits(100)
# The package has the function by the name of its module.
MODULE = sys.modules["pureneuron.search.multistart"]


def searched(problem, n_neurons, candidates=(), *, n_restarts=20, limits=LIMITS, **options):
    """Search with candidates that are proposed one after the other."""
    settings = {
        "n_restarts": n_restarts,
        "fewest_starts": 3,
        "limits": limits,
        "rng": np.random.default_rng(0),
        "check": passes,
        "monitor": Monitor(),
    }
    proposers = [Proposes(candidate) for candidate in candidates]
    return multistart(problem, n_neurons, proposers, **(settings | options))


class Proposes:
    def __init__(self, candidate):
        self.candidate = candidate

    def first(self, problem, n_neurons, *, rng, monitor):
        return Single(self.candidate)


def passes(fit):
    return SimpleNamespace(in_doubt=False, known=None)


def fails(fit):
    return SimpleNamespace(in_doubt=True, known=None)


def test_moments_that_are_right_spare_the_random_starts():
    problem, teacher = make_problem(10, n=2000, noise=0.3)
    A = teacher.A / problem.output_scale
    right = Candidate(problem.to_white(teacher), A, "moments", "as the moments say")
    _, found = searched(problem, 3, [right])
    assert (len(found.losses), found.winner.method) == (1, "moments")
    assert found.agreement == "as the moments say"


def test_moments_that_are_wrong_are_overruled():
    problem, teacher = make_problem(10, n=2000, noise=0.3)
    W = np.ones((3, 4)) + 1e-3 * np.eye(3, 4)
    fit, found = searched(problem, 3, [Candidate(W, np.ones((2, 3)), "moments", "no")])
    best = minimize(problem, problem.to_white(teacher))
    assert fit.loss == pytest.approx(best.loss, rel=1e-4)
    assert len(found.losses) >= 3
    assert found.agreement == "two starts end in the same minimum"


@pytest.mark.parametrize("check", [passes, fails, None])
def test_corroboration_does_not_settle_what_the_checks_leave_in_doubt(check):
    problem, teacher = make_problem(11, n=500, noise=0.3)
    truth = minimize(problem, problem.to_white(teacher)).point
    sure = Candidate(truth.W, truth.A, "sure", "it is sure")
    _, found = searched(problem, 3, [sure], check=check, limits=Limits())
    if check is passes:
        assert len(found.losses) == 1
        assert found.agreement == "it is sure"
    else:
        assert len(found.losses) >= 6
        assert found.agreement == "two starts end in the same minimum"


def test_different_minima_do_not_confirm_each_other():
    problem, _ = make_problem(13, n=500, d=4, k=4, m=1, noise=0.05)
    rng = np.random.default_rng(0)
    fits = [minimize(problem, random_start(problem, 4, rng=rng)) for _ in range(20)]
    fits.sort(key=lambda fit: fit.loss)
    best, other = fits[0], next(fit for fit in fits if fit.loss > 1.02 * fits[0].loss)
    both = [Candidate(fit.point.W, fit.point.A, "given") for fit in (other, best)]
    found, how = searched(problem, 4, both, n_restarts=0)
    assert how.agreement == ""
    assert found.loss == min(how.losses)
    assert found.loss <= best.loss * (1.0 + 1e-12)
    _, how = searched(problem, 4, [both[1]] * 3, n_restarts=0)
    assert how.agreement == "two starts end in the same minimum"


def test_ends_within_their_standard_errors_are_one_minimum():
    # Kinks that pass rows leave several minima about the one, a tenth of the errors apart.
    problem, teacher = weak_neuron(5)
    best = minimize(problem, problem.to_white(teacher))
    rng = np.random.default_rng(0)
    ends = (
        minimize(problem, best.point.W + 0.05 * rng.standard_normal(best.point.W.shape))
        for _ in range(50)
    )
    other = next(
        fit
        for fit in ends
        if distance(fit.point, best.point) > 0.11 and fit.loss < 1.001 * best.loss
    )
    both = [Candidate(fit.point.W, fit.point.A, "given") for fit in (best, other)]
    settings = {"n_restarts": 0, "fewest_starts": 2, "limits": Limits()}
    _, alone = searched(problem, 4, both, **settings)
    assert alone.agreement == ""
    blocks = first_blocks(problem)
    _, found = searched(problem, 4, both, check=lambda fit: check(fit, blocks, 0), **settings)
    assert found.agreement == "two starts end in the same minimum"


def test_ends_that_cost_more_than_their_errors_are_two_minima(monkeypatch):
    # However badly a row is known: what other directions of it cost shows in the loss.
    problem, teacher = weak_neuron(3)
    best = minimize(problem, problem.to_white(teacher))
    rng = np.random.default_rng(0)
    starts = (minimize(problem, random_start(problem, 4, rng=rng)) for _ in range(50))
    other = next(fit for fit in starts if 1.002 * best.loss < fit.loss < 1.05 * best.loss)
    monkeypatch.setattr(evidence, "weight_errors", lambda fit, known: np.full((4, 7), np.inf))
    monkeypatch.setattr(evidence, "NEARNESS", replace(evidence.NEARNESS, confirmed=np.inf))
    blocks = first_blocks(problem)
    both = [Candidate(fit.point.W, fit.point.A, "given") for fit in (best, other)]
    settings = {"n_restarts": 0, "fewest_starts": 2, "limits": Limits()}
    _, found = searched(problem, 4, both, check=lambda fit: check(fit, blocks, 0), **settings)
    assert found.agreement == ""


@pytest.mark.parametrize("verdict", [passes, fails])
def test_weak_neurons_are_relocated_where_starts_do_not_agree(monkeypatch, verdict):
    # B does not show four neurons of one output. Nothing ever agrees here.
    problem, _ = weak_neuron(5)
    moved = []
    monkeypatch.setattr(MODULE, "relocated", lambda fit, **_: moved.append(fit) or fit)
    monkeypatch.setattr(MODULE, "exchanged", lambda fit, *_, **__: fit)
    monkeypatch.setattr(Evidence, "is_met_by", lambda search, fit: False)
    monkeypatch.setattr(Evidence, "is_mirrored_by", lambda search, fit: False)
    _, found = searched(problem, 4, check=verdict, n_restarts=12, fewest_starts=2)
    assert len(found.losses) == 12
    # The best of three; then six starts, but for those that were not followed to their end.
    assert moved[0].loss == min(found.losses[:3])
    later = {fit.loss for fit in moved[1:]}
    assert later <= set(found.losses[3:9])
    # A fit in doubt is exchanged, and starts beside it are not moved.
    assert bool(later) == (verdict is passes)


def test_a_single_start_proves_nothing():
    problem, teacher = make_problem(10, n=2000, noise=0.3)
    _, found = searched(
        problem, 3, [Candidate(problem.to_white(teacher), teacher.A, "given")], n_restarts=0
    )
    assert found.agreement == ""


def test_a_start_is_made_where_nobody_proposes_any():
    problem, _ = make_problem(10)
    _, found = searched(problem, 3, n_restarts=0)
    assert (len(found.losses), found.winner.method) == (1, "random")


def test_starts_do_not_depend_on_what_others_have_drawn():
    problem, _ = make_problem(11, noise=0.3)

    class Draws(Proposes):
        """Proposes nothing, after many draws from its own stream."""

        def first(self, problem, n_neurons, *, rng, monitor):
            rng.standard_normal(self.candidate)

    losses = [
        multistart(
            problem,
            3,
            [Draws(size)],
            n_restarts=3,
            fewest_starts=9,
            limits=Limits(),
            rng=np.random.default_rng(5),
            check=passes,
            monitor=Monitor(),
        )[1].losses
        for size in (0, 1000)
    ]
    assert losses[0] == losses[1]


def test_interruption_leaves_the_best_so_far_with_the_monitor():
    problem, _ = make_problem(11, noise=0.3)
    seen = []

    def interrupt(progress):
        if progress.stage == "refining":
            seen.append(progress.loss)
        if progress.start == 2 and progress.iteration == 2:
            raise KeyboardInterrupt

    monitor = Monitor(interrupt)
    with pytest.raises(KeyboardInterrupt):
        searched(problem, 3, monitor=monitor)
    assert monitor.best.point.loss == min(seen)
    assert not monitor.best.search_ended
