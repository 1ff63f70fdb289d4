"""Threads of our own over batches."""

import threading

import joblib
import numpy as np
import pytest
import threadpoolctl
from sklearn.model_selection import cross_val_score

from pureneuron import PureNeuronRegressor, recover
from pureneuron.datasets import make_teacher
from pureneuron.samples import ArraySamples, Sum, cores
from pureneuron.samples.cores import effective_n_jobs, one_blas_thread, over_batches, using_cores


def drawn(n=2000, batch_rows=250):
    rng = np.random.default_rng(0)
    teacher = make_teacher(4, 3, 3, rng=rng)
    X = rng.standard_normal((n, 4))
    Y = teacher.predict(X) + 0.1 * rng.standard_normal((n, 3))
    return ArraySamples(X, Y, batch_rows=batch_rows)


def blas_threads():
    return {
        each["num_threads"]
        for each in threadpoolctl.threadpool_info()
        if each["user_api"] == "blas"
    }


@pytest.mark.parametrize("options", [{}, {"fit_hidden_bias": True, "fit_intercept": True}])
def test_the_result_is_the_same_to_the_last_bit_for_any_number_of_threads(options):
    one, two, five = (recover(drawn(), 3, rng=0, n_jobs=n, **options) for n in (1, 2, 5))
    for other in (two, five):
        assert (other.network.W == one.network.W).all()
        assert (other.network.A == one.network.A).all()
        assert other.loss == one.loss
        assert other.reason == one.reason


def test_batches_are_shared_out_and_the_blas_has_one_thread():
    before, threads, meeting = blas_threads(), set(), threading.Barrier(2, timeout=20.0)

    def work(i):
        # Two of them are there at the same time.
        meeting.wait()
        threads.add(threading.get_ident())
        assert blas_threads() <= {1}
        return i

    with using_cores(2):
        assert list(over_batches(work, range(6))) == list(range(6))
    assert len(threads) == 2
    assert threading.get_ident() not in threads
    assert blas_threads() == before
    assert list(over_batches(lambda i: i, range(3))) == [0, 1, 2]


def test_what_a_kernel_raises_and_how_errors_are_handled_reach_the_caller():
    def failing(batch):
        raise FloatingPointError("as it should")

    def dividing(batch):
        return {"x": Sum(np.sum(batch.X[:, 0] / np.zeros(len(batch.X))))}

    with using_cores(2):
        with pytest.raises(FloatingPointError, match="as it should"):
            drawn().reduce(failing)
        with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
            drawn().reduce(dividing)
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn().reduce(dividing)


def test_the_number_of_threads_is_that_of_scikit_learn(monkeypatch):
    cores = joblib.cpu_count()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert effective_n_jobs(None) == cores
    assert effective_n_jobs(-1) == cores
    assert effective_n_jobs(3) == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert effective_n_jobs(None) == 1
    # Who shares out fits has given the cores away already.
    monkeypatch.delenv("OMP_NUM_THREADS")
    jobs = (joblib.delayed(effective_n_jobs)(None) for _ in range(2))
    assert joblib.Parallel(n_jobs=2, backend="threading")(jobs) == [1, 1]


def test_cross_validation_in_parallel_gives_the_same_scores():
    X, Y, _ = drawn(n=600).arrays()
    scores = [
        cross_val_score(PureNeuronRegressor(3, random_state=0), X, Y, cv=3, n_jobs=n)
        for n in (1, 2)
    ]
    assert scores[0] == pytest.approx(scores[1], rel=1e-12)
    assert scores[0].min() > 0.9


@pytest.mark.parametrize("n_jobs", [0, 1.5, "all"])
def test_a_number_of_threads_is_an_integer(n_jobs):
    with pytest.raises(ValueError, match="n_jobs must be an integer other than 0"):
        recover(drawn(), 3, n_jobs=n_jobs)


def test_tasks_that_overlap_share_one_limit(monkeypatch):
    events = []

    class Controller:
        def limit(self, **limits):
            events.append(limits)
            return self

        def restore_original_limits(self):
            events.append("lifted")

    monkeypatch.setattr(cores, "_controller", Controller)
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert events == [{"limits": 1, "user_api": "blas"}]
    second.__exit__(None, None, None)
    assert events[1:] == ["lifted"]
    with one_blas_thread():
        assert len(events) == 3
