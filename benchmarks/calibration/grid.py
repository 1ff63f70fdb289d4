"""The wide grid of the certificate: designs drawn at random, and as they are written down."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from .data import OUTPUTS, UNITS, Design
from .laws import LAWS, NOISES, RECORDED
from .records import Record

__all__ = ["design_of", "draw_design", "draw_recording", "written"]

_LEVELS: dict[str, tuple[float, ...]] = {
    "Gaussian": (0.0, 0.01, 0.1, 0.5, 1.0),
    "heteroscedastic": (0.3, 0.8),
    "Poisson": (0.5, 2.0, 10.0),
    "AR(0.9)": (0.1, 0.5, 1.0),
    "groups": (0.1, 0.5, 1.0),
    "correlated": (0.1, 0.5),
}


def draw_design(rng: np.random.Generator) -> Design:
    """Draw the law of a data set from the grid."""
    k = int(rng.integers(1, 13))
    d = k + int(rng.integers(6)) if rng.random() < 0.9 else int(rng.integers(1, k + 1))
    m = k + int(rng.integers(6)) if rng.random() < 0.6 else int(rng.integers(1, k + 1))
    noise = str(rng.choice(NOISES))
    biased = bool(rng.random() < 0.3)
    fits_biases = biased or bool(rng.random() < 0.1)
    changes: dict[str, Any] = {}
    if rng.random() < 0.2:
        # Means of counts must not be negative, so other units are for other noise.
        kinds = ["bias", "input", "output"] if noise == "Poisson" else ["bias", "input", "unit"]
        kind = str(rng.choice(kinds + ["output"] * (noise != "Poisson")))
        if kind == "bias":
            biased, fits_biases = True, False
        elif kind == "input":
            changes["missing_input"] = True
        elif kind == "unit":
            changes["unit"] = str(rng.choice(list(UNITS)))
        else:
            # The logarithm of a count is not asked for: its mean is softplus or exp.
            names = ["softplus", "exp"] if noise == "Poisson" else list(OUTPUTS)
            changes["output"] = str(rng.choice(names))
    design = Design(
        d=d,
        k=k,
        m=m,
        n=1,
        law=str(rng.choice(list(LAWS))),
        noise=noise,
        level=float(rng.choice(_LEVELS[noise])),
        condition_W=float(rng.choice([1, 1, 3, 10, 100, 1000])) if k > 1 else 1.0,
        condition_A=float(rng.choice([1, 1, 2, 5])) if k > 1 else 1.0,
        slope=0.0 if noise == "Poisson" else float(rng.choice([0.0, 0.0, 0.0, 0.2, -0.3])),
        weighted=noise == "correlated" and bool(rng.random() < 0.5),
        biased=biased,
        fits_biases=fits_biases,
        **changes,
    )
    ratio = float(np.exp(rng.uniform(np.log(0.5), np.log(300.0))))
    n = int(np.clip(np.ceil(ratio * design.unknowns / m), 2, 10_000))
    return Design(**{**asdict(design), "n": n})


def draw_recording(rng: np.random.Generator) -> Design:
    """Draw the law of a data set that is recorded: one of the grid, and what recordings have.

    An input that drifts or is at rest for long, a unit that is seldom on, noise with heavy tails,
    or a gain that drifts (which is no network of the model).
    """
    design = asdict(draw_design(rng))
    kinds = ["inputs", "unit", "noise", "gain"]
    kind = str(rng.choice(kinds, p=[0.35, 0.4, 0.15, 0.1]))
    if kind in ("inputs", "unit") and rng.random() < (1.0 if kind == "inputs" else 0.3):
        design["law"] = str(rng.choice(list(RECORDED)))
    if kind == "unit":
        design["biased"], design["fits_biases"] = True, True
        share = float(np.exp(rng.uniform(np.log(0.001), np.log(0.1))))
        design["seldom"] = float(np.round(share, 4))
    elif kind == "gain":
        design["gain_drift"] = float(rng.choice([0.1, 0.3]))
        design["unit"] = design["output"] = None
    # Counts have noise of their own.
    if kind == "noise" and design["noise"] != "Poisson":
        design["noise"] = str(rng.choice(["t(3)", "outliers"]))
        design["level"] = float(rng.choice([0.01, 0.1, 0.5]))
        design["weighted"] = False
    return Design(**design)


def written(design: Design) -> dict[str, Any]:
    """Return what of a design is not as usual, and its sizes."""
    default = asdict(Design())
    sizes = {"d", "k", "m", "n"}
    return {
        name: value
        for name, value in asdict(design).items()
        if name in sizes or value != default[name]
    }


def design_of(record: Record) -> Design:
    """Return the design of a record."""
    return Design(**record["design"])
