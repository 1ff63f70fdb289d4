"""All that the data say of a fit, from any source of samples."""

import numpy as np
import pytest

from pureneuron import TwoLayerNetwork, recover
from pureneuron.datasets import make_teacher, symmetrize
from pureneuron.results import Status
from pureneuron.samples import ArraySamples
from pureneuron.samples.streamed import StreamedSamples


def mirrored(seed=0, n=1000):
    rng = np.random.default_rng(seed)
    teacher = make_teacher(5, 3, 4, rng=rng)
    X = symmetrize(rng.exponential(size=(n, 5)) - 1.0)
    return X, teacher.predict(X) + 0.1 * rng.standard_normal((len(X), 4))


def streamed(*arrays, parts=7):
    rows = np.array_split(np.arange(len(arrays[0])), parts)
    return StreamedSamples(
        lambda: (tuple(None if M is None else M[part] for M in arrays) for part in rows)
    )


@pytest.mark.parametrize("refine", [False, True])
def test_mirrored_samples_that_stream_are_as_those_in_memory(refine):
    X, Y = mirrored()
    held = recover(ArraySamples(X, Y), 3, refine=refine, rng=0)
    found = recover(streamed(X, Y, None), 3, refine=refine, rng=0)
    assert found.status is held.status is Status.RECOVERED
    assert found.warnings == held.warnings == ()
    assert found.network.match(held.network).error_W < 1e-9
    if refine:
        assert found.standard_errors.kind == held.standard_errors.kind == "iid"
        scale = np.abs(held.standard_errors.covariance).max()
        assert found.standard_errors.covariance == pytest.approx(
            held.standard_errors.covariance, abs=1e-4 * scale
        )


@pytest.mark.parametrize("labels", [np.arange(40), 64 * np.arange(40), -np.arange(1, 41)])
def test_groups_that_stream_may_have_any_numbers(labels):
    X, Y = mirrored()
    groups = np.random.default_rng(1).integers(40, size=len(X))
    held = recover(ArraySamples(X, Y, groups=groups), 3, rng=0)
    found = recover(streamed(X, Y, None, labels[groups]), 3, rng=0)
    assert found.status is held.status is Status.RECOVERED
    assert found.standard_errors.kind == "groups"
    # Some of forty groups may share one of 2048 blocks.
    assert found.standard_errors.freedom == pytest.approx(39, abs=2)
    assert found.standard_errors.A == pytest.approx(held.standard_errors.A, rel=0.2)


def test_the_report_says_what_was_found():
    X, Y = mirrored()
    report = recover(ArraySamples(X, Y, groups=np.arange(len(X)) // 50), 3, rng=0)
    stage = report.stage("inference")
    assert "every unit switches and matters" in stage.summary
    assert "does not depend on the inputs" in stage.summary
    assert "errors groups: rows of a group may share noise" in stage.summary
    # The rank of the linear part rests on rows by themselves: with groups one neuron less is tried.
    assert stage.figures["smaller_p_value"] < 1e-3
    assert stage.figures["errors"] == "groups"
    assert stage.figures["active"].shape == (3,)
    assert "every unit" in str(report)


def test_inputs_of_few_values_and_counts_are_no_repeated_rows():
    # Each column takes few values, and hardly any row is that of another.
    rng = np.random.default_rng(0)
    X = rng.choice([-1.0, 1.0], (4000, 24))
    W = np.zeros((2, 24))
    W[0, :5], W[1, 3:9] = 0.5, 0.4
    Y = rng.poisson(np.maximum(X @ W.T, 0.0) + 0.1).astype(float)
    fit = recover(ArraySamples(X, Y), 2, rng=0, fit_intercept=True)
    assert fit.stage("inference").figures["errors"] in ("iid", "robust")
    twice = ArraySamples(np.repeat(X, 2, 0), np.repeat(Y, 2, 0))
    again = recover(twice, 2, rng=0, fit_intercept=True)
    assert again.stage("inference").figures["errors"] == "groups"


def test_errors_that_rest_on_a_few_rows_are_not_relied_on():
    # The second unit is on in one row in fifty, in two of which nearly all of its noise is.
    rng = np.random.default_rng(9)
    X = rng.standard_normal((1000, 3))
    teacher = TwoLayerNetwork([[1.0, 12.0], [0.5, -9.0]], np.eye(2, 3), [0.0, -2.0])
    Y = teacher.predict(X)
    options = {"fit_hidden_bias": True, "rng": 0}
    louder = (0.8 * np.abs(Y) + 0.05) * rng.standard_normal(Y.shape)
    found = recover(ArraySamples(X, Y + louder), 2, **options)
    assert found.status is Status.TOO_FEW_SAMPLES
    unit = int(np.argmin((X @ found.network.W.T + found.network.hidden_bias > 0.0).sum(axis=0)))
    assert f"what is known of unit {unit} rests on so few parts" in found.reason
    # Noise of the same size in all rows is known from the others.
    alike = 0.2 * rng.standard_normal(Y.shape)
    assert recover(ArraySamples(X, Y + alike), 2, **options).status is Status.RECOVERED


@pytest.mark.parametrize("seed", [3, 6, 7])
def test_weights_that_one_row_decides_are_not_relied_on(seed):
    # The unit is on in five to seven rows, and has five weights: what is left of their noise is
    # next to nothing.
    rng = np.random.default_rng(seed)
    X, groups = rng.standard_normal((140, 4)), np.arange(140) // 10
    teacher = TwoLayerNetwork(2.0 * rng.standard_normal((4, 1)), np.eye(1, 4), [-1.8])
    noise = rng.standard_normal((14, 4))[groups] + 0.3 * rng.standard_normal((140, 4))
    samples = ArraySamples(X, teacher.predict(X) + 0.1 * noise, groups=groups)
    found = recover(samples, 1, rng=0, fit_hidden_bias=True, fit_intercept=True)
    assert found.status is Status.TOO_FEW_SAMPLES
    assert "rests on so few parts of the data" in found.reason
    off = np.linalg.norm(found.network.W[0] - teacher.W[0])
    assert off < 3.0 * np.linalg.norm(found.standard_errors.W[0])
