"""
A parallel Wiener system with noise that has memory
===================================================

In a parallel Wiener system, one input passes several linear filters, each is rectified, and several
outputs mix the results. Can the filters be told apart, and how well are they known? The noise of a
real sensor drifts: it has memory. Error bars that ignore this are too short.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import lfilter

from pureneuron import PureNeuronRegressor, TwoLayerNetwork

# %%
# The system
# ----------
# Four filters of 24 lags, and four outputs.

n_lags, n_rows = 24, 20_000
lag = np.arange(n_lags)
filters = np.stack(
    [
        np.exp(-lag / 3),
        lag * np.exp(-lag / 3),
        np.exp(-lag / 8) * np.sin(2 * np.pi * lag / 10),
        np.exp(-lag / 6) * np.cos(2 * np.pi * lag / 6),
    ]
)
mixing = [[1, 0.5, 0, -0.4], [0, 1, 0.8, 0.3], [-0.3, 0.2, 1, 0.6], [0.5, -0.7, 0.3, 1]]
system = TwoLayerNetwork(mixing, filters).normalized()


def record(seed):
    """Drive the system with white noise; the noise of the outputs has a memory of ten rows."""
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal(n_rows + n_lags - 1)
    # Row t holds u(t), u(t − 1), …
    X = np.lib.stride_tricks.sliding_window_view(signal, n_lags)[:, ::-1]
    white = rng.standard_normal((n_rows, system.n_outputs))
    drift = lfilter([0.3 * np.sqrt(1 - 0.9**2)], [1, -0.9], white, axis=0)
    return X, system.predict(X) + drift


# %%
# The fit
# -------
# The number of filters is left to the data. The line *inference* says what the noise looks like.

X, Y = record(seed=0)
est = PureNeuronRegressor(random_state=0).fit(X, Y)
print(est.recovery_)

# %%
# The filters
# -----------
# Left: what regression sees. Each output gives one curve, a mixture of the filters. Right: the four
# filters, with bars of two standard errors, and the true ones as black lines. They coincide.

regression = np.linalg.lstsq(X, Y, rcond=None)[0]
errors = est.recovery_.standard_errors
matched = est.network_.match(system)
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), sharex=True, layout="constrained")
left.plot(lag, regression)
left.set(title="Regression: one mixture for each output", xlabel="lag", ylabel="weight")
for unit, other in zip(matched.left, matched.right, strict=True):
    right.errorbar(lag, est.components_[unit], 2 * errors.W[unit], fmt="o", ms=3)
    right.plot(lag, system.W[other], "k-", lw=0.8)
right.set(title="Recovered filters (points) and true ones (lines)", xlabel="lag")

# %%
# Do the error bars hold?
# -----------------------
# One recording cannot tell. So we make ten, and count how often an interval of 95 % covers the true
# entry of A. ``errors="auto"`` looks at the residual and decides by itself. ``errors="iid"`` takes
# the rows for independent.

n_recordings = 10
recordings = [record(seed) for seed in range(n_recordings)]
coverage = {}
for assumed in ("auto", "iid"):
    kinds, hits = [], []
    for X, Y in recordings:
        fit = PureNeuronRegressor(4, errors=assumed, random_state=0).fit(X, Y)
        pairs = fit.network_.match(system)
        off = fit.mixing_[:, pairs.left] - system.A[:, pairs.right]
        errors = fit.recovery_.standard_errors
        kinds.append(errors.kind)
        hits.append(np.abs(off) <= 1.96 * errors.A[:, pairs.left])
    coverage[assumed] = np.mean(hits)
    print(f'errors="{assumed}": serial in {kinds.count("serial")} of {n_recordings} recordings')
    print(f"  {coverage[assumed]:.0%} of {np.size(hits)} entries of A are covered")

# %%
# In all ten recordings, "auto" finds the memory and takes ``serial``. Its intervals cover at least
# as often as they promise. Those of ``iid`` do not.

figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
ax.bar(list(coverage), list(coverage.values()), width=0.5)
ax.axhline(0.95, color="k", ls="--", lw=1)
ax.set(ylim=(0.5, 1), ylabel="coverage of 95 % intervals of A", xlabel="errors")
plt.show()
