"""What holds between the steps of recover(): interrupts, independence, shared options."""

from __future__ import annotations

import inspect
import itertools
from dataclasses import fields

import numpy as np
import pytest

from pureneuron import PureNeuronRegressor, TwoLayerNetwork, recover
from pureneuron.cli.fit import fit as fit_command
from pureneuron.datasets import make_teacher
from pureneuron.options import Options, OptionValues
from pureneuron.results import Status
from pureneuron.samples import ArraySamples


def drawn(seed=0, *, n=4000, slope=0.0, bias=0.0):
    rng = np.random.default_rng(seed)
    plain = make_teacher(5, 3, 4, rng=rng)
    b = bias * rng.standard_normal(3)
    teacher = TwoLayerNetwork(plain.A, plain.W, b, negative_slope=slope)
    X = rng.standard_normal((n, 5))
    noise = np.array([0.02, 0.05, 0.1, 0.3]) * rng.standard_normal((n, 4))
    return ArraySamples(X, teacher.predict(X) + noise)


VARIANTS = {
    "plain": {},
    "random": {"init": "random"},
    "moments": {"init": "moments"},
    "full": {"noise_covariance": "full"},
    "slope": {"negative_slope": "auto", "noise_covariance": "full"},
    "biases": {"fit_hidden_bias": True, "fit_intercept": True},
    "unrefined": {"refine": False},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_interrupt_in_any_step_keeps_the_best_network(variant):
    samples, options = drawn(), {"rng": 0, **VARIANTS[variant]}
    events = []
    whole = recover(samples, 3, callback=events.append, **options)
    assert whole.status is Status.RECOVERED
    stages = [event.stage for event in events]
    # The first and the last event of every stage, and some between.
    chosen = {stages.index(name) for name in stages}
    chosen |= {len(stages) - 1 - stages[::-1].index(name) for name in stages}
    chosen |= set(range(0, len(stages), max(1, len(stages) // 12)))
    for last in sorted(chosen):
        heard = []

        def interrupt(progress, heard=heard, last=last):
            heard.append(progress.loss if progress.stage in ("refining", "slope") else None)
            if len(heard) > last:
                raise KeyboardInterrupt

        # While it is orienting neurons there is no network yet.
        so_far = events[: last + 1]
        seen = [event for event in so_far if event.iteration and event.stage != "orienting"]
        if not seen:
            with pytest.raises(KeyboardInterrupt):
                recover(samples, 3, callback=interrupt, **options)
            continue
        stopped = recover(samples, 3, callback=interrupt, **options)
        assert len(heard) == last + 1, "work went on after the interrupt"
        assert stopped.status is Status.NOT_CONVERGED
        assert stopped.reason.startswith("interrupted before")
        assert np.isfinite(stopped.network.W).all()
        assert np.isfinite(stopped.loss)
        if "refining" in stages[:last]:
            # What was done is reported.
            assert stopped.stages
        if stages[last] == "inference":
            assert "the fit was checked" in stopped.reason
            assert stopped.network.match(whole.network).error_W < 1e-9


def test_an_interrupt_while_the_number_of_neurons_is_looked_for_keeps_a_network():
    # One output: the search goes from one neuron up to three.
    samples = ArraySamples(*one_output())
    events = []
    whole = recover(samples, rng=0, callback=events.append)
    assert whole.network.n_neurons == 3
    stages = [event.stage for event in events]
    sizes = set()
    for last in [i for i, name in enumerate(stages) if name == "inference"] + [len(stages) - 1]:
        heard = []

        def interrupt(progress, heard=heard, last=last):
            heard.append(progress)
            if len(heard) > last:
                raise KeyboardInterrupt

        stopped = recover(samples, rng=0, callback=interrupt)
        assert len(heard) == last + 1
        assert stopped.status is Status.NOT_CONVERGED
        assert stopped.standard_errors is None
        assert np.isfinite(stopped.network.predict(np.eye(4))).all()
        # What was said of another number of neurons is not said of this network.
        assert "inference" not in [stage.name for stage in stopped.stages]
        sizes.add(stopped.network.n_neurons)
    # Two neurons are tried on the way, and no more than grown.
    assert sizes == {1, 3}


def test_an_interrupt_of_a_second_search_says_that_it_had_not_ended():
    heard = []

    def interrupt(progress):
        heard.append(progress.stage)
        if "inference" in heard and progress.stage == "orienting":
            raise KeyboardInterrupt

    stopped = recover(ArraySamples(*one_output()), rng=0, callback=interrupt)
    assert stopped.reason == "interrupted before the search had ended"


def one_output():
    rng = np.random.default_rng(0)
    teacher = make_teacher(4, 3, 1, rng=rng)
    X = rng.standard_normal((2000, 4))
    return X, teacher.predict(X) + 0.1 * rng.standard_normal((2000, 1))


def test_an_interrupt_keeps_the_lowest_loss_so_far():
    samples = drawn()
    variance = samples.arrays()[1].var(axis=0).mean()
    seen = []

    def interrupt(progress):
        if progress.stage == "refining":
            seen.append(progress.loss)
        if len(seen) == 9:
            raise KeyboardInterrupt

    stopped = recover(samples, 3, init="random", callback=interrupt, rng=0)
    assert stopped.loss <= (1.0 + 1e-3) * min(seen) * variance


def test_an_interrupt_leaves_the_report_of_what_was_done():
    def interrupt(progress):
        if progress.stage == "refining" and progress.start == 3:
            raise KeyboardInterrupt

    stopped = recover(drawn(), 3, init="random", callback=interrupt, rng=0)
    assert stopped.stage("multistart").figures["n_starts"] == 2


def same(one, other):
    assert np.array_equal(one.W, other.W)
    assert np.array_equal(one.A, other.A)


def test_a_result_does_not_depend_on_which_optional_step_ran_before():
    samples = drawn()
    plain = recover(samples, 3, rng=0)
    # The rank is worked out at the beginning, not at the end.
    automatic = recover(samples, rng=0)
    same(plain.network, automatic.network)
    assert automatic.stage("linear part").summary == plain.stage("linear part").summary
    # Somebody listens.
    same(plain.network, recover(samples, 3, rng=0, callback=lambda progress: None).network)
    # A noise covariance is fitted after the search, and changes nothing in it.
    full = recover(samples, 3, rng=0, noise_covariance="full")
    for name in ("subsample", "multistart", "linear part"):
        assert full.stage(name).summary == plain.stage(name).summary
    assert np.array_equal(
        full.stage("multistart").figures["losses"], plain.stage("multistart").figures["losses"]
    )
    # What the moments draw is their own, whether they are refined or not.
    alone = recover(samples, 3, rng=0, refine=False)
    again = recover(samples, rng=0, refine=False)
    same(alone.network, again.network)


def test_the_search_does_not_depend_on_a_slope_that_was_fitted_before():
    samples = drawn(slope=0.2)
    fitted = recover(samples, 3, rng=0, negative_slope="auto")
    given = recover(samples, 3, rng=0, negative_slope=fitted.network.negative_slope)
    # Both end where what is left to gain is negligible: a small share of the standard errors.
    assert fitted.network.match(given.network).error_W < 1e-5
    assert fitted.stage("linear part").summary == given.stage("linear part").summary


def test_generators_may_be_handed_in():
    samples = drawn()
    seed = np.random.default_rng(0)
    same(recover(samples, 3, rng=seed).network, recover(samples, 3, rng=0).network)


def test_a_generator_that_cannot_spawn_is_taken_all_the_same():
    legacy = np.random.RandomState(0)
    rng = np.random.Generator(legacy._bit_generator)
    assert recover(drawn(), 3, rng=rng).status is Status.RECOVERED


class TestOptions:
    """One record, which the estimator and the command line share."""

    def test_the_estimator_has_them_all_with_the_same_defaults(self):
        parameters = PureNeuronRegressor().get_params()
        for option in fields(Options):
            assert parameters[option.name] == option.default
        assert set(parameters) - {option.name for option in fields(Options)} == {
            "random_state",
            "verbose",
        }

    def test_the_command_line_has_the_same_defaults(self):
        shared = {option.name: option.default for option in fields(Options)}
        given = fit_command.make_context("fit", ["samples.parquet"]).params
        assert {name: given[name] for name in set(given) & set(shared)} == {
            name: shared[name] for name in set(given) & set(shared)
        }
        # Left out: the start that is a network, and the tolerance.
        assert set(shared) - set(given) == {"tol"}

    def test_type_checkers_know_the_same_options(self):
        names = {option.name for option in fields(Options)}
        assert set(OptionValues.__annotations__) == names - {"n_neurons"}

    def test_an_unknown_option_is_named_with_those_there_are(self):
        with pytest.raises(TypeError, match=r"no option 'restarts'; there are .*n_restarts"):
            recover(drawn(), 3, restarts=3)

    def test_help_lists_them(self):
        for option in fields(Options):
            assert option.name in recover.__doc__
            assert inspect.signature(recover).parameters[option.name].default == option.default


def test_the_time_limit_keeps_the_best_network_wherever_it_strikes(monkeypatch):
    # A clock that goes on by a second with every look at it.
    ticks = itertools.count()
    monkeypatch.setattr("pureneuron.monitor.time.perf_counter", lambda: float(next(ticks)))
    samples = drawn()
    assert recover(samples, 3, rng=0, time_limit=1e9).status is Status.RECOVERED
    needed = next(ticks)
    with pytest.raises(TimeoutError, match="before there was a network"):
        recover(samples, 3, rng=0, time_limit=1.0)
    reasons = []
    for limit in range(needed // 3, needed - 10, needed // 12):
        recovery = recover(samples, 3, rng=0, time_limit=float(limit))
        assert recovery.status is Status.NOT_CONVERGED
        assert recovery.reason.startswith(f"ended by time_limit={limit} s before")
        assert np.isfinite(recovery.network.W).all()
        reasons.append(recovery.reason)
    assert any("the search had ended" in reason for reason in reasons)
    assert any("the fit was checked" in reason for reason in reasons)


@pytest.mark.parametrize("limit", [0.0, -1.0, "long"])
def test_a_time_limit_is_a_positive_number(limit):
    with pytest.raises(ValueError, match="time_limit must be a positive number"):
        recover(drawn(), 3, time_limit=limit)
