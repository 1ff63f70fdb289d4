"""A run that is stopped at any moment and started again ends as if nothing had been."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import fields, replace

import numpy as np
import pytest

from pureneuron import PureNeuronRegressor, part_of_rows, recover
from pureneuron.checkpoint import Checkpoint
from pureneuron.options import Options
from pureneuron.problem import survey
from pureneuron.results import Status
from pureneuron.samples import ArraySamples, Samples, StreamedSamples
from test_steps import VARIANTS, drawn


class Killed(BaseException):
    """Nothing that the library catches."""


class Guarded(Samples):
    """Samples that count the passes really made, and fail in one of them."""

    def __init__(self, source, last=None, *, error=Killed, fingerprint=None, made=None):
        self.source, self.last, self.error = source, last, error
        self.made = [0] if made is None else made
        self.n_inputs, self.n_outputs = source.n_inputs, source.n_outputs
        self.input_names, self.output_names = source.input_names, source.output_names
        self.in_memory, self.held_bytes = source.in_memory, source.held_bytes
        if fingerprint is not None:
            self.fingerprint = fingerprint

    def reduce(self, kernel, *params):
        if self.made[0] == self.last:
            raise self.error
        self.made[0] += 1
        return self.source.reduce(kernel, *params)

    def head(self, n_rows):
        return self.source.head(n_rows)

    def derive(self, fn, *params):
        derived = self.source.derive(fn, *params)
        return Guarded(derived, self.last, error=self.error, made=self.made)


def streamed():
    X, Y, _ = drawn(n=12_000).arrays()
    return StreamedSamples(
        lambda: ((X[i : i + 900], Y[i : i + 900], None) for i in range(0, 12_000, 900))
    )


@pytest.fixture
def little_is_kept(monkeypatch):
    """Have a stream keep few of its rows, as if it were longer than memory."""
    kept = replace(survey.THRESHOLDS, kept_entries=1, kept_rows=3000)
    monkeypatch.setattr(survey, "THRESHOLDS", kept)
    part = replace(part_of_rows.THRESHOLDS, equations=10.0, fewest_rows=400)
    monkeypatch.setattr(part_of_rows, "THRESHOLDS", part)


def assert_same(one, other):
    for name in ("A", "W", "hidden_bias", "output_bias", "negative_slope"):
        assert np.array_equal(getattr(one.network, name), getattr(other.network, name))
    assert (one.status, one.loss, one.n_iter, one.n_passes) == (
        other.status,
        other.loss,
        other.n_iter,
        other.n_passes,
    )
    assert [(s.name, s.summary) for s in one.stages] == [(s.name, s.summary) for s in other.stages]
    if one.standard_errors is not None:
        assert np.array_equal(one.standard_errors.W, other.standard_errors.W)


@pytest.mark.parametrize("variant", [each for each in VARIANTS if each != "slope"])
def test_a_run_that_is_killed_at_any_pass_ends_with_the_same_bits(tmp_path, variant):
    options = {"rng": 0, **VARIANTS[variant]}
    whole = recover(drawn(), 3, **options)
    complete = Guarded(drawn(), fingerprint="these")
    assert_same(whole, recover(complete, 3, checkpoint=tmp_path / "whole", **options))
    total = complete.made[0]
    assert total > 10
    for last in range(0, total, max(1, total // 7)):
        folder = tmp_path / str(last)
        with pytest.raises(Killed):
            recover(Guarded(drawn(), last, fingerprint="these"), 3, checkpoint=folder, **options)
        rest = Guarded(drawn(), fingerprint="these")
        assert_same(whole, recover(rest, 3, checkpoint=folder, **options))
        assert rest.made[0] == total - last, "passes were made twice"
    # A run that is finished is replayed without the data.
    nothing = Guarded(drawn(), 0, fingerprint="these")
    assert_same(whole, recover(nothing, 3, checkpoint=tmp_path / "whole", **options))


@pytest.mark.usefixtures("little_is_kept")
def test_a_stream_that_is_killed_in_every_pass(tmp_path):
    whole = recover(streamed(), rng=0)
    assert 3 < whole.n_passes < 20
    for _ in range(20):
        source = Guarded(streamed(), 2)  # One for the digest, and one that is new.
        try:
            resumed = recover(source, rng=0, checkpoint=tmp_path)
        except Killed:
            continue
        assert_same(whole, resumed)
        assert json.loads((tmp_path / "run.json").read_text())["finished"]
        return
    raise AssertionError("it does not get on")


@pytest.mark.usefixtures("little_is_kept")
def test_an_interrupt_leaves_what_is_made_of_it_out(tmp_path):
    whole = recover(streamed(), 3, rng=0)
    with pytest.raises(KeyboardInterrupt):
        recover(Guarded(streamed(), 1, error=KeyboardInterrupt), 3, rng=0, checkpoint=tmp_path)

    def interrupt(progress):
        if progress.stage == "inference":
            raise KeyboardInterrupt

    stopped = recover(streamed(), 3, rng=0, checkpoint=tmp_path, callback=interrupt)
    assert stopped.status is Status.NOT_CONVERGED
    assert not json.loads((tmp_path / "run.json").read_text())["finished"]
    assert_same(whole, recover(streamed(), 3, rng=0, checkpoint=tmp_path))


@pytest.mark.usefixtures("little_is_kept")
def test_a_time_limit_counts_anew_and_may_be_another(tmp_path, monkeypatch):
    whole = recover(streamed(), 3, rng=0)
    ticks = iter(range(10**9))
    with monkeypatch.context() as patch:
        patch.setattr("pureneuron.monitor.time.perf_counter", lambda: float(next(ticks)))
        recover(streamed(), 3, rng=0, time_limit=1e9)
        limit = 0.8 * next(ticks)
        stopped = recover(streamed(), 3, rng=0, checkpoint=tmp_path, time_limit=limit)
    assert stopped.reason.startswith("ended by time_limit")
    assert_same(whole, recover(streamed(), 3, rng=0, checkpoint=tmp_path, time_limit=1e9))


class TestAnotherRun:
    """A checkpoint of something else is refused, with what differs."""

    @pytest.fixture
    def folder(self, tmp_path):
        recover(drawn(), 3, rng=0, checkpoint=tmp_path)
        return tmp_path

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"fit_intercept": True}, "fit_intercept was False and is True now"),
            ({"max_iter": 100}, "max_iter was 200 and is 100 now"),
            ({"n_neurons": "auto"}, "n_neurons was 3 and is auto now"),
            ({"rng": 1}, "the random seed is another"),
            ({"rng": None}, "the random seed is another"),
            ({"init": "given"}, r"init was auto and is TwoLayerNetwork \w+ now"),
        ],
    )
    def test_other_options(self, folder, options, said):
        asked = {"n_neurons": 3, "rng": 0, **options}
        if asked.get("init") == "given":
            asked["init"] = recover(drawn(), 3, rng=0).network
        with pytest.raises(ValueError, match=f"is the checkpoint of another run: {said}. Start"):
            recover(drawn(), checkpoint=folder, **asked)

    def test_all_options_count_but_those_that_change_nothing(self, folder):
        kept = json.loads((folder / "run.json").read_text())["options"]
        assert set(kept) == {field.name for field in fields(Options)} - {"time_limit", "n_jobs"}
        recover(drawn(), np.int64(3), rng=0, checkpoint=folder, n_jobs=1, time_limit=1e9)

    def test_other_data(self, folder):
        with pytest.raises(ValueError, match="the data have other rows"):
            recover(drawn(seed=1), 3, rng=0, checkpoint=folder)
        X, Y, _ = drawn().arrays()
        named = ArraySamples(X, Y, input_names=tuple("abcde"))
        with pytest.raises(ValueError, match="the data have other input names"):
            recover(named, 3, rng=0, checkpoint=folder)

    def test_other_fingerprints(self, tmp_path):
        with pytest.raises(Killed):
            recover(Guarded(drawn(), 2, fingerprint="one"), 3, rng=0, checkpoint=tmp_path)
        with pytest.raises(ValueError, match="the data have other rows"):
            recover(Guarded(drawn(), fingerprint="other"), 3, rng=0, checkpoint=tmp_path)

    def test_another_version(self, folder):
        header = json.loads((folder / "run.json").read_text())
        header["versions"]["pureneuron"] = "0.0.1"
        (folder / "run.json").write_text(json.dumps(header))
        with pytest.raises(ValueError, match=r"the version of pureneuron was 0\.0\.1 and is"):
            recover(drawn(), 3, rng=0, checkpoint=folder)

    def test_another_computation(self, folder):
        # Which the header does not show: the second pass takes the place of the first.
        (folder / "pass-000002.safetensors").replace(folder / "pass-000001.safetensors")
        with pytest.raises(ValueError, match=r"pass 1 of .* is not that of this run"):
            recover(drawn(), 3, rng=0, checkpoint=folder)

    @pytest.mark.parametrize("text", ["{", "[]", '{"format": 99}', '{"format": 1}'])
    def test_a_header_that_cannot_be_read(self, folder, text):
        (folder / "run.json").write_text(text)
        with pytest.raises(ValueError, match=r"run\.json is not that of a checkpoint"):
            recover(drawn(), 3, rng=0, checkpoint=folder)

    def test_passes_without_a_header(self, folder):
        (folder / "run.json").unlink()
        with pytest.raises(ValueError, match=r"has passes of a run and no run\.json"):
            recover(drawn(), 3, rng=0, checkpoint=folder)

    def test_a_run_that_is_going_on(self, folder):
        going_on = Checkpoint(folder, drawn(), Options(n_neurons=3), 0)
        with pytest.raises(ValueError, match="another run keeps its checkpoint"):
            recover(drawn(), 3, rng=0, checkpoint=folder)
        with going_on:
            pass
        recover(drawn(), 3, rng=0, checkpoint=folder)


def test_a_damaged_pass_and_all_after_it_are_made_again(tmp_path):
    whole = recover(drawn(), 3, rng=0, checkpoint=tmp_path)
    path = tmp_path / "pass-000009.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    source = Guarded(drawn(), fingerprint=None)
    with pytest.warns(UserWarning, match="made again"):
        assert_same(whole, recover(source, 3, rng=0, checkpoint=tmp_path))
    kept = len(list(tmp_path.glob("pass-*")))
    # Those from the ninth on, and one for the digest of the rows.
    assert source.made[0] == kept - 8 + 1


def test_a_full_disk_ends_the_run_and_room_lets_it_go_on(tmp_path, monkeypatch):
    whole = recover(drawn(), 3, rng=0)
    written, fsync = [], os.fsync

    def full(descriptor):
        written.append(descriptor)
        if len(written) > 12:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr("pureneuron.samples.checkpoint.journal.os.fsync", full)
        with pytest.raises(OSError, match=r"No space left.*pass \d+ could not be kept"):
            recover(drawn(), 3, rng=0, checkpoint=tmp_path)
    assert len(list(tmp_path.glob("pass-*"))) > 2
    assert_same(whole, recover(drawn(), 3, rng=0, checkpoint=tmp_path))


def test_a_disk_that_is_full_from_the_start_is_named(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("pureneuron.samples.checkpoint.journal.os.fsync", full)
    with pytest.raises(OSError, match=r"No space left.*run\.json"):
        recover(drawn(), 3, rng=0, checkpoint=tmp_path)


class TestSeeds:
    """What a run draws must be the same when it goes on."""

    def test_without_a_seed_one_is_drawn_and_kept(self, tmp_path):
        with pytest.raises(Killed):
            recover(Guarded(drawn(), 9), 3, checkpoint=tmp_path)
        first = recover(drawn(), 3, checkpoint=tmp_path)
        assert_same(first, recover(drawn(), 3, checkpoint=tmp_path))

    def test_a_generator_counts_as_it_is_handed_in(self, tmp_path):
        recover(drawn(), 3, rng=np.random.default_rng(5), checkpoint=tmp_path)
        recover(drawn(), 3, rng=np.random.default_rng(5), checkpoint=tmp_path)
        for other in (np.random.default_rng(6), np.random.default_rng(5)):
            other.spawn(1)
            with pytest.raises(ValueError, match="seed is another"):
                recover(drawn(), 3, rng=other, checkpoint=tmp_path)

    @pytest.mark.parametrize("random_state", [None, 3])
    def test_the_estimator_goes_on(self, tmp_path, random_state):
        first = PureNeuronRegressor(3, random_state=random_state)
        with pytest.raises(Killed):
            first.fit_samples(Guarded(drawn(), 9), checkpoint=tmp_path)
        first.fit_samples(drawn(), checkpoint=tmp_path)
        again = PureNeuronRegressor(3, random_state=random_state)
        again.fit_samples(drawn(), checkpoint=tmp_path)
        assert_same(first.recovery_, again.recovery_)
