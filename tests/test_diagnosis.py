import numpy as np
import pytest

from pureneuron.datasets import make_teacher
from pureneuron.diagnosis import diagnose
from pureneuron.samples import ArraySamples

STAGES = ["data", "symmetry", "linear part", "moments"]


@pytest.mark.parametrize(("n_inputs", "n_outputs"), [(8, 3), (3, 8)])
def test_more_neurons_than_moments_show_are_answered(n_inputs, n_outputs):
    X = np.random.default_rng(0).standard_normal((2000, n_inputs))
    teacher = make_teacher(n_inputs, 6, n_outputs, rng=0)
    samples = ArraySamples(X, teacher.predict(X))
    stages = diagnose(samples, 6, rng=0)
    assert [stage.name for stage in stages] == STAGES
    assert stages[-1].figures == {"n_neurons": 6, "most_neurons": 3}
    assert f"{n_outputs} outputs of {n_inputs} inputs show at most" in stages[-1].summary
    assert "6 are asked for: ask for fewer (n_neurons)" in stages[-1].summary
    assert diagnose(samples, 3, rng=0)[-1].name == "sampling error"


def test_outputs_without_a_linear_part_are_answered():
    X = np.random.default_rng(0).standard_normal((2000, 4))
    stages = diagnose(ArraySamples(X, np.abs(X[:, :2])), rng=0)
    assert [stage.name for stage in stages] == STAGES
    assert stages[-1].figures["n_neurons"] == 0
    assert "no linear part stands out of its sampling noise" in stages[-1].summary
