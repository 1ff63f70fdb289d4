"""The timer of stages, and the best network so far."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from pureneuron.monitor import Monitor
from pureneuron.results import StageReport


def says(text):
    return SimpleNamespace(describe=lambda: StageReport("any", text))


def test_a_stage_within_another_is_timed_for_itself():
    monitor = Monitor()
    with monitor.stage("outer") as outer:
        time.sleep(0.01)
        with monitor.stage("inner") as inner:
            time.sleep(0.03)
            inner.report(says("inside"))
        outer.report(says("outside"))
    reports = {report.name: report for report in monitor.reports}
    assert [report.name for report in monitor.reports] == ["inner", "outer"]
    assert reports["inner"].seconds > 0.03
    assert reports["outer"].seconds < reports["inner"].seconds
    assert reports["outer"].summary == "outside"


def test_a_stage_that_is_entered_again_adds_to_its_time_and_says_the_last():
    monitor = Monitor()
    for text in ("first", "second"):
        with monitor.stage("twice") as stage:
            time.sleep(0.01)
            stage.report(says(text))
    (report,) = monitor.reports
    assert report.summary == "second"
    assert report.seconds > 0.02


def point(loss):
    return SimpleNamespace(loss=loss)


def test_the_lowest_loss_on_all_rows_is_kept():
    told = []
    monitor = Monitor(told.append)
    guess = monitor.observer("part", "subsample", 1, 5, guess=True)
    real = monitor.observer("all", "refining", 1, 3)
    guess(0, point(0.5))
    guess(3, point(0.1))
    assert monitor.best.is_guess
    assert monitor.best.point.loss == 0.1
    # A loss on a part of the rows does not compare.
    real(0, point(0.4))
    assert monitor.best.point.loss == 0.4
    real(1, point(0.6))
    guess(4, point(0.01))
    assert (monitor.best.problem, monitor.best.point.loss) == ("all", 0.4)
    real(2, point(0.3))
    assert (monitor.best.point.loss, monitor.best.n_iter) == (0.3, 2)
    # The start, iteration 0, is kept and not told.
    assert [(at.stage, at.iteration) for at in told] == [
        ("subsample", 3),
        ("refining", 1),
        ("subsample", 4),
        ("refining", 2),
    ]


def test_the_outcome_of_a_step_replaces_what_was_before():
    monitor = Monitor()
    monitor.observer("all", "refining", 1, 3)(1, point(0.1))
    info = SimpleNamespace(n_iter=4)
    monitor.keep(SimpleNamespace(problem="weighted", point=point(0.9), info=info))
    assert (monitor.best.problem, monitor.best.search_ended) == ("weighted", True)
    monitor.observer("weighted", "slope", 1, 3)(1, point(0.8))
    assert (monitor.best.point.loss, monitor.best.search_ended) == (0.8, True)


def test_the_best_is_known_before_the_callback_interrupts():
    def interrupt(progress):
        raise KeyboardInterrupt

    monitor = Monitor(interrupt)
    with pytest.raises(KeyboardInterrupt):
        monitor.observer("all", "refining", 1, 1)(1, point(0.2))
    assert monitor.best.point.loss == 0.2
