"""
An autoencoder read from an ONNX file
=====================================

You have a model as a file, and no data. What is inside? Here it is an autoencoder that squeezes
images of digits through sixteen ReLU units. ``identify`` asks the file questions and never looks at
the weights that it stores.
"""

import tempfile
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from pureneuron import TwoLayerNetwork, identify, plot

# %%
# The file
# --------
# scikit-learn trains the autoencoder. Training is cut short, since any weights will do.

images = load_digits().data / 16
autoencoder = MLPRegressor(
    hidden_layer_sizes=(16,), max_iter=60, learning_rate_init=0.003, random_state=0
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # meant: 60 epochs are enough here
    autoencoder.fit(images, images)
truth = TwoLayerNetwork.from_sklearn(autoencoder)

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "autoencoder.onnx"
truth.to_onnx(path)
print(f"{path.name}: {path.stat().st_size} bytes")

# %%
# The questions
# -------------
# The number of units is counted, not given. ``center`` and ``scale`` say where inputs usually are.

found = identify(path, center=images.mean(axis=0), scale=0.3, rng=0)
print(found)

# %%
# A few hundred questions are enough for more than two thousand weights and biases, because each
# answer has 64 numbers.

n_weights = truth.W.size + truth.A.size + truth.hidden_bias.size + truth.output_bias.size
print(f"{found.n_questions} questions for {n_weights} weights and biases")

# %%
# Against the truth
# -----------------

matched = found.network.match(truth)
print(f"units: {found.network.n_neurons} read, {truth.n_neurons} true")
print(f"largest squared error of a row of W    {matched.errors_W.max():.1e}")
difference = found.network.predict(images) - autoencoder.predict(images)
print(f"largest difference on the 1797 images  {np.abs(difference).max():.1e}")

# %%
# Six units hardly take part: no image, or almost none, switches them on. The other ten are on in
# nearly all images. Samples of digits would show little of either. Questions do, since they may be
# asked anywhere.

on = np.mean(found.network.hidden(images) > 0, axis=0)
for unit, share in enumerate(on):
    print(f"unit {unit:2d} is on in {share:6.1%} of the images")

# %%
# What the units look for
# -----------------------
# The rows of W as pictures, below the true ones: they are the same. The six units that hardly take
# part look like noise: training has left them nearly as they were at random.

_ = plot.compare(found.network, truth, image_shape=(8, 8))

# %%
# What the units draw
# -------------------
# The columns of A are what each unit adds to the image. The same function draws them, as rows of W
# of a network made for that.

decoder = TwoLayerNetwork(np.ones((1, found.network.n_neurons)), found.network.A.T)
_ = plot.units(decoder, image_shape=(8, 8))
folder.cleanup()
