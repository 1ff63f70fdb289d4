"""Out of local minima, where rows are few."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from engine import make_problem, minimum
from pureneuron.initialize import Candidate, random_start
from pureneuron.monitor import Monitor
from pureneuron.optimize import Limits, minimize, minimize_together, profile
from pureneuron.search import confirmed_by_hopping, is_rough
from pureneuron.search.basin_hopping import lowest_by_hopping
from pureneuron.search.multistart import Multistart

BIASES = {"fit_hidden_bias": True, "fit_intercept": True}


def few_rows(seed, *, n=120, noise=0.05):
    return make_problem(seed, n=n, m=1, noise=noise, **BIASES)


def ends(problem, k=3, n_starts=30):
    rng = np.random.default_rng(7)
    starts = [random_start(problem, k, rng=rng) for _ in range(n_starts)]
    return sorted(minimize_together([problem] * n_starts, starts), key=lambda fit: fit.loss)


def search_of(fit, agreement="", *, in_doubt=False):
    winner = Candidate(fit.point.W, method="random")
    checks = SimpleNamespace(in_doubt=in_doubt)
    return Multistart(winner, agreement, (fit.loss,), checks, 1, (fit.loss,))


def settle(
    fit,
    agreement="",
    *,
    in_doubt=False,
    n_restarts=20,
    is_too_large=lambda fit: False,
    callback=None,
):
    return confirmed_by_hopping(
        fit,
        search_of(fit, agreement, in_doubt=in_doubt),
        n_restarts=n_restarts,
        is_too_large=is_too_large,
        limits=Limits(),
        rng=np.random.default_rng(0),
        monitor=Monitor(callback),
    )


def hopped(fit, seed=0):
    return lowest_by_hopping(fit, limits=Limits(), rng=np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(4))
def test_from_the_worst_of_thirty_ends_it_comes_as_low_as_from_the_truth(seed):
    problem, teacher = few_rows(seed)
    worst, best = ends(problem)[-1], minimum(problem, teacher)
    assert worst.loss > 1.5 * best.loss
    end = hopped(worst)
    assert end.loss <= 1.01 * best.loss
    # It is a minimum, in the precision of the problem.
    assert end.problem is problem
    assert minimize(problem, end.point.W, damping=1e-4).loss > (1.0 - 1e-3) * end.loss


def test_at_the_bottom_it_stays():
    problem, teacher = few_rows(0)
    bottom = hopped(minimum(problem, teacher))
    again = hopped(bottom, 1)
    assert again.loss <= bottom.loss
    assert again.loss == pytest.approx(bottom.loss, rel=2e-3)


def test_what_the_search_agrees_on_is_believed_where_it_is_the_lowest():
    problem, teacher = few_rows(1)
    fit = minimum(problem, teacher)
    end, search = settle(fit, "two starts agree")
    assert search.agreement == "two starts agree"
    assert search.losses == (end.loss,)
    assert end.loss <= fit.loss


def test_where_it_leads_elsewhere_the_lowest_is_to_be_reached_twice():
    problem, _ = few_rows(1)
    best, *_, worst = ends(problem)
    end, search = settle(worst, "two starts agree")
    assert end.loss < 0.9 * worst.loss
    assert search.agreement == "two starts end in the same minimum"
    assert len(search.losses) > 1
    assert end.loss <= 1.01 * best.loss


def test_without_other_starts_nothing_confirms_what_it_leads_to():
    problem, _ = few_rows(1)
    worst = ends(problem)[-1]
    end, search = settle(worst, "two starts agree", n_restarts=0)
    assert end.loss < 0.9 * worst.loss
    assert search.agreement == ""


def test_where_the_checks_leave_it_in_doubt_other_starts_have_to_confirm_it():
    problem, teacher = few_rows(1)
    fit = minimum(problem, teacher)
    _, search = settle(fit, "two starts agree", in_doubt=True)
    assert search.agreement == "two starts end in the same minimum"
    assert len(search.losses) > 1
    _, alone = settle(fit, "two starts agree", in_doubt=True, n_restarts=0)
    assert alone.agreement == ""


def test_where_a_neuron_less_would_do_it_ends_after_two():
    # Five neurons where three are: no two ends agree.
    problem, _ = few_rows(1, noise=0.3)
    worst = ends(problem, k=5)[-1]
    asked = []

    def is_too_large(fit):
        asked.append(fit)
        return True

    _, without = settle(worst)
    _, search = settle(worst, is_too_large=is_too_large)
    assert len(without.losses) > 2
    assert len(search.losses) == 2
    assert len(asked) == 1


@pytest.mark.parametrize("k", [1, 2])
def test_what_it_returns_has_all_digits(k):
    # One neuron hardly leaves a hop anything to gain: the end of a start counts as it is.
    for seed in range(3):
        problem, _ = make_problem(seed, n=100, k=2, m=1, **BIASES)
        end, _ = settle(ends(problem, k)[-1])
        exact = profile(problem, end.point.W, end.point.A)
        assert end.problem is problem
        assert end.loss == pytest.approx(exact.loss, rel=1e-12)
        np.testing.assert_allclose(end.point.A, exact.A, atol=1e-10)


def test_more_random_starts_that_are_allowed_are_made():
    problem, _ = few_rows(1, noise=0.3)
    worst = ends(problem, k=5)[-1]
    counts = [len(settle(worst, n_restarts=n)[1].losses) for n in (7, 20)]
    assert counts[0] == 2
    assert counts[1] > 2


def test_every_round_is_told_with_the_best_loss_so_far():
    problem, _ = few_rows(1)
    told = []
    end, search = settle(ends(problem)[-1], callback=told.append)
    assert {each.stage for each in told} == {"hopping"}
    assert [each.start for each in told] == sorted(each.start for each in told)
    assert told[-1].start == len(search.losses)
    for start in range(1, len(search.losses) + 1):
        losses = [each.loss for each in told if each.start == start]
        assert losses == sorted(losses, reverse=True)
    assert min(each.loss for each in told) == end.loss


def test_without_noise_the_residual_is_the_proof():
    problem, _ = few_rows(2, noise=0.0)
    worst = ends(problem)[-1]
    assert not worst.is_exact
    end, search = settle(worst, n_restarts=0)
    assert end.is_exact
    assert "rounding" in search.agreement
    assert hopped(end) is end


def test_rows_are_few_where_unknowns_are_many_and_descents_cheap():
    problem, _ = few_rows(0)
    assert is_rough(problem, 3)
    assert not is_rough(few_rows(0, n=2000)[0], 3)
    # Ten neurons, 60 inputs: few rows for each unknown, but a descent takes its time.
    wide, _ = make_problem(0, n=6000, d=60, k=10, m=1, **BIASES)
    assert not is_rough(wide, 10)


def test_the_same_draws_lead_to_the_same_end():
    problem, _ = few_rows(3)
    worst = ends(problem)[-1]
    one, other = (hopped(replace(worst), 5) for _ in range(2))
    assert one.loss == other.loss
    np.testing.assert_array_equal(one.point.W, other.point.W)
