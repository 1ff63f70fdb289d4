"""
Reading a digit classifier off samples
======================================

Can the hidden units of a trained classifier be found from its answers alone? Here the classifier is
a ReLU network 64 → 10 → 10 that was trained on scikit-learn's handwritten digits. We see the images
and its ten logits, with noise of 1 %. We do not see its weights, nor how many hidden units it has.
"""

import numpy as np

from pureneuron import PureNeuronRegressor, plot
from pureneuron.datasets import digits_inputs, digits_samples, load_digits_classifier

X, Y = digits_samples(noise=0.01, rng=0)
print(f"{len(X)} rows: images of {X.shape[1]} pixels and their negations, {Y.shape[1]} logits")

# %%
# The fit
# -------
# Nothing is said about the number of units.

est = PureNeuronRegressor(random_state=0).fit(X, Y)
print(est.recovery_)

# %%
# The status is RECOVERED with ten units. The last note is worth reading: three pixels are black in
# every image. No sample can tell what their weights are, so their standard errors are infinite.

errors = est.recovery_.standard_errors.W
undetermined = np.flatnonzero(np.isinf(errors).all(axis=0))
print("undetermined pixels:", undetermined)

# %%
# Against the truth
# -----------------
# Now we open the classifier. Units come in no particular order, so they are paired first. Two rows
# of weights that differ only in pixels that hardly vary do the same. Therefore, the second moments
# of the images serve as the metric: the cosine is then the correlation of the pre-activations.

truth = load_digits_classifier()
second_moments = X.T @ X / len(X)
paired = est.network_.match(truth, metric=second_moments)
plain = est.network_.match(truth)
print(f"least correlation of pre-activations   {paired.cosines_W.min():.6f}")
print(f"least cosine of the plain weights      {plain.cosines_W.min():.4f}")

images, labels = digits_inputs()
read, true = est.predict(images).argmax(axis=1), truth.predict(images).argmax(axis=1)
print(f"same digit in {np.mean(read == true):.2%} of {len(labels)} images")

# %%
# The picture
# -----------
# Each unit is a picture of 8 × 8 weights: orange pixels excite it, and purple ones inhibit it. The
# recovered units stand below the true ones. The weights differ a little at the left and right
# edges, where pixels are almost always black. In the lower half each weight is multiplied by how
# much its pixel varies. There, no difference is left.

_ = plot.compare(est.network_, truth, image_shape=(8, 8), metric=second_moments)
