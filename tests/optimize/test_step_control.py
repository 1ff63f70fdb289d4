"""Damping, step length and termination, each alone on its records."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pureneuron.optimize.damping import Damping, StepLength
from pureneuron.optimize.quadratic_model import Step
from pureneuron.optimize.termination import Termination, Trace

RULES = Termination(negligible=1e-6, floor=1e-28)


def step(scale=None, reliable=False):
    return Step(np.zeros((1, 1)), 1.0, scale, reliable)


def test_damping_follows_nielsen():
    damping = Damping(1.0)
    assert damping.after_gain(1.0).value == pytest.approx(0.1)
    assert damping.after_gain(0.5).value == pytest.approx(1.0)
    assert damping.after_gain(0.1).value == pytest.approx(1.512)
    once = damping.after_refusal()
    twice = once.after_refusal()
    assert (once.value, twice.value, twice.after_refusal().value) == (2.0, 8.0, 64.0)
    # A success forgets the refusals before it.
    assert twice.after_gain(0.5).after_refusal().value == 16.0


@given(ratio=st.floats(1e-4, 10.0), mu=st.floats(1e-12, 1e6))
def test_a_good_step_never_raises_the_damping(ratio, mu):
    after = Damping(mu).after_gain(ratio).value
    assert after >= 1e-12
    assert after <= mu * (1.0 + 1e-12) or ratio < 0.5


def test_a_scale_is_taken_over_while_steps_keep_their_promise():
    measured = StepLength().after_gain(2.0, step(0.9))
    assert (measured.scale, measured.stretch) == (0.9, 1.5)
    # Near a minimum a scale that is not known to be reliable is measured anew.
    assert StepLength().after_gain(1.0, step(0.9)).scale is None
    reliable = StepLength().after_gain(1.0, step(0.9, reliable=True))
    assert (reliable.scale, reliable.reliable, reliable.stretch) == (0.9, True, 1.0)
    assert reliable.after_gain(0.7, step(0.9)).scale == 0.9
    assert reliable.after_gain(0.3, step(0.9)).scale is None
    refused = measured.after_refusal()
    assert (refused.scale, refused.stretch) == (None, 1.0)


def test_a_step_is_negligible_only_at_light_damping():
    trace = Trace.of(1.0)
    assert RULES.is_negligible(trace, 1e-7, damping=0.5)
    assert not RULES.is_negligible(trace, 1e-7, damping=2.0)
    assert not RULES.is_negligible(trace, 1e-5, damping=0.5)


def test_the_last_step_is_known_by_a_geometric_series():
    trace = RULES.accepted(Trace.of(1.0), predicted=1e-2, loss=0.99)
    # A hundredth of what came before: a tenth at least is left for the next, 1e-5 in all.
    assert not RULES.is_last(trace, 1e-4, damping=0.1)
    assert RULES.is_last(trace, 1e-6, damping=0.1)
    # Nothing is known of the first step, or where promises do not shrink.
    assert not RULES.is_last(Trace.of(1.0), 1e-6, damping=0.1)
    assert not RULES.is_last(trace, 1e-2, damping=0.1)


def test_two_steps_without_a_gain_end_it():
    trace = RULES.accepted(Trace.of(1.0), 1e-3, 1.0 - 1e-8)
    assert not RULES.has_converged(trace, accepted=True)
    trace = RULES.accepted(trace, 1e-3, 1.0 - 2e-8)
    assert RULES.has_converged(trace, accepted=True)
    # A gain between them begins anew.
    trace = RULES.accepted(Trace.of(1.0), 1e-3, 1.0 - 1e-8)
    trace = RULES.accepted(RULES.accepted(trace, 1e-3, 0.9), 1e-3, 0.9 - 1e-8)
    assert not RULES.has_converged(trace, accepted=True)


def test_two_broken_promises_of_a_gain_between_kinks_end_it():
    trace = Trace.of(1.0)
    for large, converged in ((1e-3, False), (5e-6, False), (1e-3, False), (5e-6, True)):
        trace = RULES.refused(trace, large, large)
        assert RULES.has_converged(trace, accepted=False) == converged


def test_ten_trials_without_a_gain_end_it():
    trace = Trace.of(1.0)
    for i in range(1, 12):
        # Large promises: nothing else speaks for an end.
        trace = RULES.refused(trace, 1.0, 1.0)
        assert RULES.has_converged(trace, accepted=False) == (i >= 10)


def test_a_residual_of_rounding_ends_it():
    trace = RULES.accepted(Trace.of(1.0), 1.0, 1e-29)
    assert RULES.has_converged(trace, accepted=True)
