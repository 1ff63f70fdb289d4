"""
Subunits of a simulated retina
==============================

A ganglion cell adds up the rectified signals of many bipolar cells, its subunits. Can we find the
subunits from spike counts? A screen of eight bars flickers at random. Three ganglion cells share
four subunits, which overlap. All that is recorded is the stimulus and how many spikes each cell
fires in each frame.
"""

import matplotlib.pyplot as plt
import numpy as np

from pureneuron import PureNeuronRegressor, TwoLayerNetwork, plot

# %%
# The simulated recording
# -----------------------
# A subunit sees the last six frames. Its filter is a product of a profile in space and a course in
# time: excitation, then a rebound. Neighbours have a cosine of 0.53.

n_lags, n_bars, n_frames = 6, 8, 40_000
time_course = np.array([0.3, 0.9, 1.0, 0.4, -0.3, -0.5])
centres = 1.2 + 1.6 * np.arange(4)
profiles = np.exp(-0.5 * (np.arange(n_bars) - centres[:, None]) ** 2)
filters = np.stack([np.outer(time_course, profile).ravel() for profile in profiles])
filters /= np.linalg.norm(filters, axis=1, keepdims=True)
gains = 0.8 * np.array([[1.0, 0.6, 0.0, 0.1], [0.2, 1.0, 0.7, 0.0], [0.0, 0.3, 1.0, 0.5]])
retina = TwoLayerNetwork(gains, filters, hidden_bias=np.full(4, -0.3))

# %%
# One row for each frame: first the eight bars now, then those one frame ago, and so on. The counts
# are Poisson.

rng = np.random.default_rng(0)
screen = rng.standard_normal((n_frames + n_lags - 1, n_bars))
latest = n_lags - 1
X = np.hstack([screen[latest - lag : latest - lag + n_frames] for lag in range(n_lags)])
spikes = rng.poisson(retina.predict(X))
print(f"{X.shape[0]} frames, {X.shape[1]} inputs; spikes a frame {spikes.mean(axis=0).round(2)}")

# %%
# What a linear method sees
# -------------------------
# The spike-triggered average of a cell is a mixture of its subunits. Three cells give three
# averages, so no linear method shows four subunits.

averages = (spikes - spikes.mean(axis=0)).T @ X / n_frames
print("rank of the averages", np.linalg.matrix_rank(averages))

# %%
# The fit
# -------
# Subunits have thresholds, which are hidden biases. Their number is left to the data.

est = PureNeuronRegressor(fit_hidden_bias=True, random_state=0).fit(X, spikes)
print(est.recovery_)

# %%
# Three subunits were tried first and rejected: the residual still depended on the stimulus. With
# four it does not.
#
# The variance of a count is its mean. So the noise is larger where the cell fires more. The fit
# sees that in the residual, and makes standard errors that allow for it. About 95 % of the weights
# should lie within 1.96 of them. In a single recording that share varies.

errors = est.recovery_.standard_errors
print("errors:", errors.kind)
matched = est.network_.match(retina)
print("cosines with the true filters", matched.cosines_W.round(3))

true = retina.normalized()
off = np.abs(est.components_[matched.left] - true.W[matched.right])
within = off <= 1.96 * errors.W[matched.left]
print(f"weights within 1.96 standard errors of the truth: {within.mean():.0%} of {within.size}")

# %%
# The subunits in space and time
# ------------------------------
# Lag 0 is the present frame. Each subunit has its own place on the screen, and places overlap. All
# have the same course in time: excitation (orange) one or two frames ago, and the opposite sign
# (purple) before that. The faint grain around them is of the size of the standard errors.

_ = plot.units(est, lags=n_lags)

# %%
# How the number was found
# ------------------------
# The p-value says how likely such a residual is if nothing is missing. It is tiny for three
# subunits, and far above the level of 0.01 for four.

_ = plot.order(est)

# %%
# Which cell listens to which subunit
# -----------------------------------
# Each row is a cell. It listens to one subunit most, and to the next ones less, as simulated.

_ = plot.mixing(est)
plt.show()
