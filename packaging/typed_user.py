"""What a user with a strict type checker writes; ``make dist`` checks and runs it."""

import numpy as np
from numpy.typing import NDArray

from pureneuron import PureNeuronRegressor, TwoLayerNetwork, identify, plot, recover
from pureneuron.datasets import make_teacher
from pureneuron.recovery import Recovery
from pureneuron.results import Status
from pureneuron.samples import ArraySamples, Samples, read_samples

teacher: TwoLayerNetwork = make_teacher(6, 3, 4, rng=0)
X: NDArray[np.float64] = np.random.default_rng(1).standard_normal((1000, 6))
Y: NDArray[np.float64] = teacher.predict(X) + 0.1

estimator = PureNeuronRegressor(n_neurons=3, fit_intercept=True, random_state=0).fit(X, Y)
recovery: Recovery = estimator.recovery_
certified: bool = recovery.certified
weights: NDArray[np.float64] = estimator.components_

found = recover(ArraySamples(X, Y), 3, rng=0, fit_intercept=True)
is_known: bool = found.status is Status.RECOVERED
errors = found.standard_errors
if errors is not None:
    largest: float = float(errors.W.max())
intervals: NDArray[np.float64] = found.conf_int(0.9).W
table: str = found.summary()
found.network.save("network.safetensors")
loaded: TwoLayerNetwork = TwoLayerNetwork.load("network.safetensors")

np.savez("samples.npz", X=X, Y=Y)
samples: Samples = read_samples("samples.npz")
again: Recovery = recover(samples, 3, rng=0, fit_intercept=True)
predicted = estimator.predict(X)

box = identify(teacher.predict, 6, rng=0)
questions: int = box.n_questions
bars = plot.units(recovery)
title: str = bars.axes_.flat[0].get_title()
