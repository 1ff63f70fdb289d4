"""
A scikit-learn pipeline with grid search
========================================

Can a grid search choose the options of the model, and does a good score mean that the weights are
right? The estimator works in pipelines like any other. We search over two options, first on a table
that a network has made, and then on real medical data that scikit-learn ships.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from pureneuron import PureNeuronRegressor, TwoLayerNetwork, plot

# A fit that is not certified warns. Here that is counted instead.
warnings.simplefilter("ignore", ConvergenceWarning)

# %%
# The pipeline
# ------------
# Should inputs be scaled? With hidden biases and an intercept, the model is the same in any units,
# and scaling only makes the weights comparable. Without hidden biases, every kink goes through
# zero, so it matters that inputs are centred. ``set_output`` keeps the names of the columns.

pipeline = Pipeline(
    [
        ("scale", StandardScaler()),
        ("fit", PureNeuronRegressor(fit_intercept=True, random_state=0)),
    ]
).set_output(transform="pandas")

# %%
# A table that a network has made
# -------------------------------
# Three columns in very different units, two units with biases, and noise.

rng = np.random.default_rng(0)
mean, sd = np.array([320, 2e5, 0.4]), np.array([8, 3e4, 0.1])
standard = rng.standard_normal((2000, 3))
table = pd.DataFrame(mean + sd * standard, columns=["temperature", "pressure", "flow"])
plant = TwoLayerNetwork([[1.0, 0.7]], [[0.8, 0.6, 0.0], [-0.3, 0.5, 0.9]], [-0.4, 0.3], [2.0])
output = plant.predict(standard)[:, 0] + 0.3 * rng.standard_normal(2000)

# %%
# The search
# ----------
# The search maximises R² on folds that were left out. Beside it, a second score tells whether the
# fit was certified.


def certified(fitted, X, y):
    """Score 1 if all tests agree with the weights, else 0."""
    return float(fitted[-1].recovery_.certified)


n_folds = 3
folds = KFold(n_folds, shuffle=True, random_state=0)


def search(grid, X, y):
    """Search the grid and print both scores of each setting."""
    scores = {"r2": "r2", "certified": certified}
    found = GridSearchCV(pipeline, grid, scoring=scores, refit="r2", cv=folds).fit(X, y)
    results = pd.DataFrame(found.cv_results_["params"]).rename(columns=lambda name: name[5:])
    results["R²"] = found.cv_results_["mean_test_r2"].round(3)
    results["certified folds"] = (
        (n_folds * found.cv_results_["mean_test_certified"]).round().astype(int)
    )
    print(results.to_string(index=False))
    return found.best_estimator_


options = {"fit__fit_hidden_bias": [False, True], "fit__negative_slope": [0.0, 0.2]}
best = search({"fit__n_neurons": [2], **options}, table, output)

# %%
# The scores are close: from 0.79 to 0.83. The certificate is not. Only the right options, hidden
# biases and no slope on the negative side, are certified, and in every fold. They also win.

print(best[-1].recovery_.summary())

# %%
# The bars are 95 % intervals. Weights are for standardised columns, so they can be compared.

_ = plot.units(best[-1])

# %%
# Real data
# ---------
# The progress of diabetes in 442 patients, from six measurements. (The other four are of blood, and
# nearly depend on each other linearly.) One unit, with or without a bias:

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X = X[["age", "sex", "bmi", "bp", "s5", "s6"]]
best = search({"fit__n_neurons": [1], "fit__fit_hidden_bias": [False, True]}, X, y)
linear = cross_val_score(LinearRegression(), X, y, cv=folds).mean()
print(f"linear regression: R² {linear:.3f}")

# %%
# Nobody thinks that a disease is a ReLU. Without a bias, the status says so: no fold is certified.
# With one, it is RECOVERED. Is a unit discovered, then? Linear regression predicts as well, and the
# unit is on for most patients:

recovery = best[-1].recovery_
on = best[-1].transform(best[:-1].transform(X)).to_numpy() > 0
print(f"{recovery.status.name}; the unit is on for {on.mean():.0%} of the patients")

# %%
# So it is a line that is flat at its lower end. A certificate holds within the noise, and here
# noise is half of the variance: 442 rows cannot contradict such a model. It says that no other
# network of this kind is needed, not that the disease works like that.

_ = plot.units(best[-1])
plt.show()
