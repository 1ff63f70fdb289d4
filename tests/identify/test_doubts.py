"""Which neurons are worth another line."""

from dataclasses import replace

import numpy as np
from known import drawn

from pureneuron.identify.doubts import badly_known

MANY = 10**9  # Questions: so many that no steps on all answers are affordable.


def known(errors, effects):
    """Make a reading whose neurons have these errors and effects."""
    reading = drawn(0, k=len(errors), d=5, m=2)
    effect = np.linalg.norm(reading.A, axis=0) * np.linalg.norm(reading.W, axis=1)
    A = reading.A / effect * np.asarray(effects)
    return replace(reading, A=A, errors=np.asarray(errors))


def test_a_neuron_that_is_known_far_worse_than_others_is_read_again():
    errors = np.array([1e-10, 1e-10, 1e-10, 1e-10, 1e-7])
    badly = badly_known(known(errors, np.ones(5)), MANY)
    np.testing.assert_array_equal(badly, [False, False, False, False, True])


def test_a_weak_neuron_is_not_read_again_for_what_its_size_explains():
    errors = np.array([1e-10, 1e-10, 1e-10, 1e-10, 1e-7])
    assert not badly_known(known(errors, [1.0, 1.0, 1.0, 1.0, 1e-3]), MANY).any()


def test_a_neuron_that_stays_badly_known_blurs_the_others():
    # The weak one would not be known better, and the other one not beside it.
    errors = np.array([1e-10, 1e-10, 1e-10, 1e-10, 3e-8, 3e-5])
    reading = known(errors, [1.0, 1.0, 1.0, 1.0, 1.0, 1e-4])
    assert badly_known(reading.kept(np.arange(6) < 5), MANY)[4]
    assert not badly_known(reading, MANY).any()
