"""Make the picture of the first page: recovered units beside the true ones, light and dark.

    python docs/_ext/first_picture.py

The problem is that of `make demo`. A picture shows what each pixel moves the unit by: its weight
times its root mean square. Pixels that hardly vary fade, for no sample says what their weights are.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from pureneuron import recover
from pureneuron.datasets import digits_samples, load_digits_classifier
from pureneuron.samples import ArraySamples

STATIC = Path(__file__).parents[1] / "_static"
INKS = {"light": ("#22252a", "RdBu_r"), "dark": ("#ced6dd", "RdBu_r")}


def main() -> None:
    """Recover the classifier and draw it."""
    truth = load_digits_classifier()
    X, Y = digits_samples(rng=0)
    network = recover(ArraySamples(X, Y), rng=0).network
    match = network.match(truth, metric=X.T @ X / len(X))
    spread = np.sqrt(np.mean(X**2, axis=0))
    rows = {"true": truth.W[match.right] * spread, "recovered": network.W[match.left] * spread}
    for name, (ink, colours) in INKS.items():
        figure = Figure(figsize=(10, 2.1), layout="constrained")
        for row, (axes, (label, units)) in enumerate(
            zip(figure.subplots(2, 10), rows.items(), strict=True)
        ):
            for i, (ax, unit) in enumerate(zip(axes, units, strict=True)):
                # Signs are part of the answer; the scale of a picture is not.
                most = np.abs(unit).max()
                ax.imshow(unit.reshape(8, 8), cmap=colours, vmin=-most, vmax=most)
                ax.set(xticks=[], yticks=[])
                ax.spines[:].set_color(ink)
                if row == 0:
                    ax.set_title(f"r = {match.cosines_W[i]:.4f}", color=ink, fontsize=9)
            axes[0].set_ylabel(label, color=ink, fontsize=11)
        figure.savefig(
            STATIC / f"units-{name}.png", dpi=120, transparent=True, metadata={"Software": None}
        )


if __name__ == "__main__":
    main()
