"""What users bring: trained networks as black boxes, a recording of a retina, a shared machine.

    python benchmarks/users.py [--output docs/figures]

writes ``users.md``. All fits are the default ``recover(samples, k)`` with biases.

*Trained networks*: scikit-learn's MLPRegressor, asked at Gaussian inputs about the mean of its
training data; a hidden unit is active if between 0.1 % and 99.9 % of the inputs switch it on, and
found if a fitted unit has its activations, up to a linear function of the inputs, at a correlation
of at least 0.99999. Asked for are as many neurons as there are, or it is left to the data.
*Units that do not switch*: networks of six active units, three that are always on and two that are
never on, eight inputs, 10,000 Gaussian queries; eleven neurons are asked for, or it is left to the
data. Right is the network of the six beside a linear part. *Retina*: 25 binary lags of white noise,
overlapping thresholded units of the same sign, Poisson counts of 0.5 a bin. *Company*: the median
time of a fit alone, and beside another process that makes the same fits.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from sklearn.datasets import load_diabetes, load_digits, make_friedman1
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

from pureneuron import TwoLayerNetwork, recover
from pureneuron.options import OptionValues
from pureneuron.recovery import Recovery
from pureneuron.samples import ArraySamples
from pureneuron.typing import Array

Size: TypeAlias = int | Literal["auto"]

BIASES: OptionValues = {"fit_hidden_bias": True, "fit_intercept": True}
LIMITS = {"friedman": 2.0, "diabetes": 20.0, "digits": 20.0}
RETINA_LIMITS = {2: 5.0, 4: 10.0, 6: 20.0}
COMPANY = {
    "10×10": (10, "gaussian"),
    "32×32": (32, "gaussian"),
    "64×64": (64, "gaussian"),
    "10×10, exponential": (10, "exponential"),
    "32×32, exponential": (32, "exponential"),
    "64×64, exponential": (64, "exponential"),
}


def trained(name: str, seed: int) -> tuple[TwoLayerNetwork, Array]:
    """Train a network; return it, and the mean of its inputs."""
    if name == "digits":
        X = load_digits().data / 16.0
        Y, k = X, 16
    else:
        X, Y = make_friedman1(1000, 10, random_state=seed)
        k = 16
        if name == "diabetes":
            X, Y = load_diabetes(return_X_y=True)
            k = 20
        X, Y = StandardScaler().fit_transform(X), (Y - Y.mean()) / Y.std()
    model = MLPRegressor(hidden_layer_sizes=(k,), max_iter=2000, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, Y)
    first, second = model.coefs_
    return TwoLayerNetwork(second.T, first.T, *model.intercepts_), X.mean(axis=0)


def found(network: TwoLayerNetwork, recovery: Recovery, X: Array) -> tuple[int, int]:
    """Return how many active units there are, and how many of them are found."""
    Z = X @ network.W.T + network.hidden_bias
    share = np.mean(Z > 0.0, axis=0)
    H = np.maximum(Z[:, (share > 0.001) & (share < 0.999)], 0.0)
    other = recovery.network
    G = np.maximum(X @ other.W.T + other.hidden_bias, 0.0)
    # A unit that is turned round differs by a linear function.
    known = np.column_stack([X, np.ones(len(X))])
    H, G = (M - known @ np.linalg.lstsq(known, M, rcond=None)[0] for M in (H, G))
    H, G = (M / np.maximum(np.linalg.norm(M, axis=0), 1e-300) for M in (H, G))
    return H.shape[1], int(np.sum(np.abs(H.T @ G).max(axis=1) >= 0.99999))


def networks() -> Iterator[str]:
    """Lines on trained networks."""
    yield "| network | queries | seed | neurons | s | asked for | status | active units found |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, queries in (
        ("friedman", 8000),
        ("diabetes", 8000),
        ("digits", 8000),
        ("digits", 20_000),
    ):
        for seed in range(3):
            network, mean = trained(name, seed)
            d, k, m = network.n_inputs, network.n_neurons, network.n_outputs
            X = mean + np.random.default_rng(seed).standard_normal((queries, d))
            samples = ArraySamples(X, network.predict(X))
            asked: list[Size] = [k, "auto"]
            for size in asked:
                start = time.perf_counter()
                recovery = recover(samples, size, rng=seed, **BIASES)
                seconds = time.perf_counter() - start
                active, right = found(network, recovery, X)
                limit = f"{LIMITS[name]:g}" if size == k else ""
                yield (
                    f"| {name} {d}-{k}-{m} | {queries} | {seed} | {size} | {seconds:.2g} | {limit} "
                    f"| {recovery.status.name} | {right} of {active} |"
                )


def with_idle_units(m: int, noise: float, seed: int) -> tuple[TwoLayerNetwork, ArraySamples]:
    """Draw a network, five of whose units do not switch; return what is left of it, and rows."""
    rng, d, active, on, never = np.random.default_rng(seed), 8, 6, 3, 2
    W = rng.standard_normal((active + on + never, d))
    W /= np.linalg.norm(W, axis=1)[:, None]
    b = np.concatenate([0.7 * rng.standard_normal(active), np.full(on, 7.0), np.full(never, -7.0)])
    A, c = rng.standard_normal((m, len(b))), rng.standard_normal(m)
    X = rng.standard_normal((10_000, d))
    Y = TwoLayerNetwork(A, W, b, c).predict(X)
    Y = Y + noise * Y.std(axis=0) * rng.standard_normal(Y.shape)
    always = slice(active, active + on)
    left = TwoLayerNetwork(
        A[:, :active],
        W[:active],
        b[:active],
        c + A[:, always] @ b[always],
        linear=A[:, always] @ W[always],
    )
    return left, ArraySamples(X, Y)


def units_that_do_not_switch() -> Iterator[str]:
    """Lines on networks with units that are always on or never."""
    yield "| outputs | noise | neurons | right of 3 | RECOVERED | of these not right | s (most) |"
    yield "|---|---|---|---|---|---|---|"
    asked: list[Size] = [11, "auto"]
    for m, noise, size in itertools.product((1, 4), (0.0, 0.01, 0.1), asked):
        times, right, certified = [], [], []
        for seed in range(3):
            truth, samples = with_idle_units(m, noise, seed)
            start = time.perf_counter()
            recovery = recover(samples, size, rng=seed, **BIASES)
            times.append(time.perf_counter() - start)
            same = recovery.network.n_neurons == truth.n_neurons
            off = recovery.network.match(truth).errors_W.max()
            right.append(same and off < (1e-12 if noise == 0.0 else 0.05))
            certified.append(recovery.certified)
        wrong = sum(c and not r for c, r in zip(certified, right, strict=True))
        yield (
            f"| {m} | {noise:g} | {size} | {sum(right)} | {sum(certified)} | {wrong} "
            f"| {np.median(times):.2g} ({max(times):.2g}) |"
        )


def retina(k: int, seed: int) -> tuple[TwoLayerNetwork, ArraySamples]:
    """Draw a recording: binary white noise, its last 25 values, and the counts of four cells."""
    rng, n, d, m = np.random.default_rng(seed), 144_000, 25, 4
    stimulus = rng.choice([0.0, 1.0], size=n + d)
    X = np.lib.stride_tricks.sliding_window_view(stimulus, d)[:n].copy()
    centres = np.linspace(3.0, d - 4.0, k) + rng.uniform(-0.5, 0.5, k)
    widths = np.minimum(0.6 * d / k * rng.uniform(0.7, 1.2, k), 6.0)
    W = np.exp(-0.5 * ((np.arange(d) - centres[:, None]) / widths[:, None]) ** 2)
    W /= np.linalg.norm(W, axis=1)[:, None]
    Z = X @ W.T
    b = -Z.mean(axis=0) - 0.5 * Z.std(axis=0)
    A = rng.uniform(0.3, 1.0, (m, k))
    A *= (0.5 / (np.maximum(Z + b, 0.0) @ A.T).mean(axis=0))[:, None]
    network = TwoLayerNetwork(A, W, b)
    return network, ArraySamples(X, rng.poisson(network.predict(X)).astype(np.float64))


def recordings() -> Iterator[str]:
    """Lines on recordings."""
    yield "| k | seed | s | asked for | status | summed squared error of W |"
    yield "|---|---|---|---|---|---|"
    for k, limit in RETINA_LIMITS.items():
        for seed in range(3):
            network, samples = retina(k, seed)
            start = time.perf_counter()
            recovery = recover(samples, k, rng=seed, **BIASES)
            seconds = time.perf_counter() - start
            error = recovery.network.match(network).error_W
            yield (
                f"| {k} | {seed} | {seconds:.2g} | {limit:g} | {recovery.status.name} "
                f"| {error:.2g} |"
            )


def fits(k: int, law: str, count: int) -> float:
    """Fit the same problem several times; return the median time."""
    rng = np.random.default_rng(0)
    X = rng.exponential(size=(10_000, k)) if law == "exponential" else rng.normal(size=(10_000, k))
    W = rng.standard_normal((k, k)) / np.sqrt(k)
    Z = X @ W.T
    b = 0.7 * Z.std(axis=0) * rng.standard_normal(k) - Z.mean(axis=0)
    Y = TwoLayerNetwork(rng.standard_normal((k, k)), W, b).predict(X)
    samples = ArraySamples(X, Y + 0.1 * Y.std(axis=0) * rng.standard_normal(Y.shape))
    times = []
    for _ in range(count):
        start = time.perf_counter()
        recover(samples, k, rng=0, **BIASES)
        times.append(time.perf_counter() - start)
    return float(np.median(times[1:]))


def company() -> Iterator[str]:
    """Lines on fits beside another process."""
    yield "| cell | alone, s | beside another, s | ratio |"
    yield "|---|---|---|---|"
    for cell, (k, law) in COMPANY.items():
        count = max(4, 200 // k)
        alone = fits(k, law, count)
        command = [sys.executable, __file__, "--only-fits", str(k), law, str(2 * count)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            other.stdout.readline()  # it is about to begin
            beside = fits(k, law, count)
            other.terminate()
        yield f"| {cell} | {alone:.2g} | {beside:.2g} | {beside / alone:.2g} |"


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("docs/figures"))
    parser.add_argument("--only-fits", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_fits:
        print("ready", flush=True)
        k, law, count = options.only_fits
        fits(int(k), law, int(count))
        return
    about = (__doc__ or "").split("with biases.")[1].strip().replace("\n", " ").replace("``", "`")
    lines = ["# What users bring", "", f"Made by `python benchmarks/users.py`. {about}"]
    parts = (
        ("Trained networks", networks),
        ("Units that do not switch", units_that_do_not_switch),
        ("Retina", recordings),
        ("Company", company),
    )
    for title, part in parts:
        lines += ["", f"## {title}", "", *part()]
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "users.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
