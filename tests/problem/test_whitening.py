"""White coordinates: the moments are the identity there, and rounding does not turn them."""

import numpy as np
import pytest

from pureneuron.problem.whitening import whitening


def second_moments(kind, d=6):
    rng = np.random.default_rng(0)
    if kind == "close":
        # As many rows of independent inputs have them: the identity, up to noise.
        N = rng.standard_normal((d, d))
        return np.eye(d) + 1e-5 * (N + N.T)
    M = rng.standard_normal((d, d if kind == "full" else d - 2))
    M *= 10.0 ** rng.uniform(-4, 4, (d, 1))
    return M @ M.T


@pytest.mark.parametrize("kind", ["close", "full", "singular"])
def test_moments_are_the_identity(kind):
    xx = second_moments(kind)
    white = whitening(xx)
    rank = 4 if kind == "singular" else 6
    assert white.transform.shape == (6, rank)
    assert white.transform.T @ xx @ white.transform == pytest.approx(np.eye(rank), abs=1e-8)
    W = np.random.default_rng(1).standard_normal((3, 6)) @ white.span @ white.span.T
    assert white.from_white(white.to_white(W)) == pytest.approx(W, rel=1e-6, abs=1e-8)


def test_rounding_of_the_moments_does_not_turn_the_axes():
    xx = second_moments("close")
    noise = np.random.default_rng(2).standard_normal(xx.shape)
    other = xx * (1.0 + 1e-16 * np.round(noise + noise.T))
    assert not np.array_equal(other, xx)
    apart = np.abs(np.linalg.eigh(other)[1] - np.linalg.eigh(xx)[1]).max()
    assert apart > 1e-12  # What the axes alone would do.
    assert np.abs(whitening(other).transform - whitening(xx).transform).max() < 1e-14
