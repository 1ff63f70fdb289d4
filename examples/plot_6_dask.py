"""
A Dask cluster on one machine
=============================

What if the rows do not fit into one machine? They stay on the workers of a Dask cluster: the fit
sends weights there and gets sums back. This example starts a small cluster in this process. A large
one is used in the same way, with its address in place of ours.
"""

import dask.array as da
import numpy as np
from distributed import Client, LocalCluster

from pureneuron import PureNeuronRegressor, plot
from pureneuron.datasets import make_teacher

# %%
# The cluster
# -----------
# ``processes=False`` makes the workers threads of this process, so that the example runs in a
# notebook as well as in a script. In a script of your own, workers that are processes need the
# usual ``if __name__ == "__main__":``.

cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None)
client = Client(cluster)
print(f"{len(client.scheduler_info()['workers'])} workers")

# %%
# The rows
# --------
# The arrays are recipes: no row exists yet. Each chunk of rows becomes a partition. Few and large
# partitions are best, two for each thread of the workers.

teacher = make_teacher(n_inputs=20, n_neurons=4, n_outputs=8, rng=0)
n_rows, n_parts = 200_000, 4
random = da.random.default_rng(0)
X = random.standard_normal((n_rows, 20), chunks=(n_rows // n_parts, 20))
noise = random.standard_normal((n_rows, 8), chunks=(n_rows // n_parts, 8))
Y = X.map_blocks(teacher.predict, chunks=(X.chunks[0], 8), dtype=X.dtype) + 0.5 * noise
print(f"X and Y would fill {(X.nbytes + Y.nbytes) / 2**20:.0f} MiB, in {n_parts} partitions")

# %%
# The fit
# -------
# Dask arrays go to the estimator as they are. It uses the client that is there.

est = PureNeuronRegressor(random_state=0).fit(X, Y)
print(est.recovery_)

# %%
# The search ran on a part of the rows, which came here once. All rows were passed a few times only:

print(f"{est.recovery_.n_passes} passes over {n_rows} rows")

# %%
# Is it the same as in memory?
# ----------------------------
# These rows do fit into memory, so we can see. The weights differ far less than their standard
# errors.

local = PureNeuronRegressor(random_state=0).fit(X.compute(), Y.compute())
print(f"largest difference of W  {np.abs(local.components_ - est.components_).max():.0e}")
print(f"largest standard error   {est.recovery_.standard_errors.W.max():.0e}")

# %%
# Predictions stay where the inputs are, too.

predicted = X.map_blocks(est.predict, chunks=(X.chunks[0], 8), dtype=X.dtype)
residual = float(((Y - predicted) ** 2).mean().compute())
print(f"mean squared residual {residual:.4f}; the noise has variance 0.25")

client.close()
cluster.close()

# %%
# The units
# ---------
# All four units below the true ones. With so many rows, they cannot be told apart by eye.

_ = plot.compare(est.network_, teacher)
