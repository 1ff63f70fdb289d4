"""Boxes that are read by ``identify``: questions a parameter, accuracy, time, and wrong boxes.

    python benchmarks/identify.py [--only CELL ...] [--again] [--output docs/figures]

writes ``identify.md``, ``identify.json`` and ``identify.svg``. A parameter is an entry of W, A, b
or c. A row of W with its bias, of unit length, counts as found if one that is read differs by no
more than the bound in any entry, up to its sign: beside a linear part nobody can tell that.
*Trained* networks are scikit-learn's MLPRegressor and MLPClassifier on its digits or on patches of
one of its images, 8×8 or enlarged to 28×28; those of their neurons count that standard normal
inputs switch, at least one in a thousand. The number is right where it is theirs, and that of rarer
ones that are found. *float32* boxes are the same networks in PyTorch, *ONNX* a file, *a program* a
process of its own for each batch. *Wrong boxes* are no networks of one hidden layer, 25 of each
kind: none may be certified, and the status should name the kind. *Noise*: of a thousandth of the
outputs; as many questions as ``identify(noise=True)`` needs to bring the standard errors of W down
to those that ``recover`` has from 20,000 Gaussian rows. *Covered*: entries of W within their 95 %
intervals.

Stopped, it goes on where it was: cells that are in ``identify.json`` are not measured again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.special import erf
from sklearn.datasets import load_digits, load_sample_image
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.image import extract_patches_2d
from sklearn.neural_network import MLPClassifier, MLPRegressor

from pureneuron import TwoLayerNetwork, identify, recover
from pureneuron.identify import Box, Identification, command_box
from pureneuron.results import Status
from pureneuron.samples import ArraySamples
from pureneuron.typing import Array

COUNTED = (8, 16, 32, 64, 128, 256)
CLEARLY = 1e-4


@dataclass(frozen=True)
class Row:
    """One box that was read."""

    cell: str
    seed: int
    status: str
    k: int
    k_read: int
    questions: int
    a_parameter: float
    times_outputs: float
    largest: float
    share: float
    accuracy: float
    seconds: float


def random_network(d: int, k: int, m: int, seed: int) -> TwoLayerNetwork:
    """Draw all weights and biases from a standard normal law."""
    rng = np.random.default_rng(seed)
    W, b = rng.standard_normal((k, d)), rng.standard_normal(k)
    return TwoLayerNetwork(rng.standard_normal((m, k)), W, b, rng.standard_normal(m))


def trained(name: str, seed: int) -> tuple[Any, TwoLayerNetwork]:
    """Train an estimator of scikit-learn on digits or patches; return it, and its network."""
    X, labels = load_digits(return_X_y=True)
    X = X / 16.0
    if name.endswith("patches"):
        grey = load_sample_image("china.jpg").mean(axis=2) / 255.0
        X = extract_patches_2d(grey, (8, 8), max_patches=5000, random_state=seed).reshape(-1, 64)
        X = X - X.mean(axis=0)
    if name.startswith("784"):
        X = np.kron(X.reshape(-1, 8, 8), np.ones((4, 4)))[:, 2:30, 2:30].reshape(len(X), -1)
    size = int(name.split("-")[1])
    kind, Y = MLPRegressor, X  # an autoencoder
    if name.endswith("-10"):
        kind, Y = MLPClassifier, labels
    elif name.endswith("-1"):
        Y = (labels % 2).astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = kind(hidden_layer_sizes=(size,), max_iter=60, random_state=seed).fit(X, Y)
    return model, TwoLayerNetwork.from_sklearn(model)


def in_float32(network: TwoLayerNetwork) -> Callable[[Array], Array]:
    """Return the network as a PyTorch module in single precision."""
    return network.to_torch(dtype="float32")


def as_onnx(network: TwoLayerNetwork, folder: Path) -> Path:
    """Return the network as a file of ONNX, float64."""
    path = folder / "box.onnx"
    network.to_onnx(path)
    return path


def as_program(network: TwoLayerNetwork, folder: Path) -> Box:
    """Return the network as a program that reads rows and writes answers."""
    weights = folder / "weights.npz"
    np.savez(weights, A=network.A, W=network.W, b=network.hidden_bias, c=network.output_bias)
    program = (
        "import sys, numpy as np; n = np.load(sys.argv[1]);"
        "X = np.loadtxt(sys.stdin, delimiter=',', ndmin=2);"
        "Y = np.maximum(X @ n['W'].T + n['b'], 0.0) @ n['A'].T + n['c'];"
        "np.savetxt(sys.stdout, Y, fmt='%.17g', delimiter=',')"
    )
    return command_box([sys.executable, "-c", program, str(weights)])


def active(network: TwoLayerNetwork, bound: float = 1e-3) -> Array:
    """Tell which neurons standard normal inputs switch, at least one in a thousand."""
    Z = np.random.default_rng(0).standard_normal((20_000, network.n_inputs))
    share = np.mean(Z @ network.W.T + network.hidden_bias > 0.0, axis=0)
    weights = np.linalg.norm(network.A, axis=0) * np.linalg.norm(network.W, axis=1)
    return (np.minimum(share, 1.0 - share) > bound) & (weights > 1e-6 * weights.max())


def differences(network: TwoLayerNetwork, read: TwoLayerNetwork) -> Array:
    """Return the largest difference of an entry of each row (w, b), of unit length, to the read."""
    if read.n_neurons == 0:
        return np.full(network.n_neurons, 2.0)
    rows, others = (np.column_stack([net.W, net.hidden_bias]) for net in (network, read))
    rows, others = (each / np.linalg.norm(each, axis=1)[:, None] for each in (rows, others))
    both = np.concatenate([others, -others])
    return np.array([np.abs(both - row).max(axis=1).min() for row in rows])


def read(
    cell: str, seed: int, network: TwoLayerNetwork, box: Any, bound: float, **options: Any
) -> Row:
    """Read a box and hold it against its network."""
    start = time.perf_counter()
    found: Identification = identify(box, network.n_inputs, rng=seed, **options)
    seconds = time.perf_counter() - start
    off, seen = differences(network, found.network), active(network)
    counted, off = seen | (off <= CLEARLY), off[seen]
    k, d, m = network.n_neurons, network.n_inputs, network.n_outputs
    a_parameter = found.n_questions / (k * (d + 1) + k * m + m)
    return Row(
        cell,
        seed,
        found.status.name,
        int(counted.sum()),
        found.network.n_neurons,
        found.n_questions,
        a_parameter,
        a_parameter * m,
        float(off.max()),
        float(np.mean(off <= bound)),
        found.accuracy,
        seconds,
    )


def cells() -> dict[str, tuple[str, Callable[[], Iterator[Row]]]]:
    """Return the cells: what is asked for, and what makes the rows."""

    def drawn(
        d: int, k: int, m: int, seeds: int, bound: float, single: bool = False
    ) -> Callable[[], Iterator[Row]]:
        def rows() -> Iterator[Row]:
            for seed in range(seeds):
                network = random_network(d, k, m, seed)
                box = in_float32(network) if single else network
                name = f"{d}-{k}-{m}" + (", float32" if single else "")
                yield read(name, seed, network, box, bound)

        return rows

    def learned(
        name: str, bound: float, single: bool = False, seeds: int = 3
    ) -> Callable[[], Iterator[Row]]:
        def rows() -> Iterator[Row]:
            for seed in range(seeds):
                model, network = trained(name, seed)
                box = in_float32(network) if single else model
                label = f"{name} trained" + (", float32" if single else "")
                yield read(label, seed, network, box, bound)

        return rows

    def elsewhere(
        name: str, kind: str, make: Callable[[TwoLayerNetwork, Path], Any]
    ) -> Callable[[], Iterator[Row]]:
        def rows() -> Iterator[Row]:
            for seed in range(3):
                _, network = trained(name, seed)
                with TemporaryDirectory() as folder:
                    box = make(network, Path(folder))
                    yield read(f"{name} trained, {kind}", seed, network, box, 1e-7)

        return rows

    cells = {
        "10-30-1": ("1e-8, ≤ 1.5 a parameter, ≤ 2 s", drawn(10, 30, 1, 50, 1e-8)),
        "20-10-1": ("≤ 1.5 a parameter, ≤ 1 s", drawn(20, 10, 1, 20, 1e-8)),
        "100-20-1": ("≤ 1.5 a parameter, ≤ 1 s", drawn(100, 20, 1, 10, 1e-8)),
        "784-32-1": ("1e-7, ≤ 1.3 a parameter, ≤ 10 s", drawn(784, 32, 1, 5, 1e-7)),
        "784-128-1": ("1e-7, ≤ 1.3 a parameter, ≤ 60 s", drawn(784, 128, 1, 3, 1e-7)),
        "784-32-1 trained": ("1e-7, ≤ 1.3 a parameter, ≤ 10 s", learned("784-32-1", 1e-7)),
        "784-128-1 trained": ("1e-7, ≤ 1.3 a parameter, ≤ 60 s", learned("784-128-1", 1e-7)),
        "64-16-64 trained": ("exact, ≤ 2 × parameters / m", learned("64-16-64", 1e-7)),
        "64-16-64 patches": ("exact", learned("64-16-64 patches", 1e-7)),
        "64-32-10 trained": ("exact, ≤ 2 × parameters / m", learned("64-32-10", 1e-7, seeds=20)),
        "64-16-64 ONNX": ("the same", elsewhere("64-16-64", "ONNX", as_onnx)),
        "64-16-64 program": ("the same", elsewhere("64-16-64", "a program", as_program)),
        "10-30-1 float32": ("what it allows", drawn(10, 30, 1, 20, 1e-4, True)),
        "20-10-1 float32": ("what it allows", drawn(20, 10, 1, 20, 1e-4, True)),
        "100-20-1 float32": ("what it allows", drawn(100, 20, 1, 5, 1e-4, True)),
        "784-32-1 float32": ("what it allows", drawn(784, 32, 1, 2, 1e-4, True)),
        "64-16-64 float32": ("what it allows", learned("64-16-64", 1e-4, True)),
        "64-32-10 float32": ("what it allows", learned("64-32-10", 1e-4, True)),
    }
    for m in (1, 16):
        for k in COUNTED:
            wanted = "count right, ≥ 99 % to 1e-6"
            cells[f"64-{k}-{m}"] = (wanted, drawn(64, k, m, 5, 1e-6))
    return cells


def wrong_boxes() -> Iterator[tuple[str, Status, int, Callable[[Array], Array]]]:
    """Yield boxes that are no network of one hidden layer: kind, status that names it, d, box."""
    for seed in range(25):
        rng = np.random.default_rng(seed)
        d, k, m = int(rng.integers(3, 20)), int(rng.integers(4, 16)), int(rng.integers(1, 4))
        net = random_network(d, k, m, seed)
        W, b, A = net.W, net.hidden_bias, net.A
        V, v = rng.standard_normal((k, k)), rng.standard_normal(k)
        noise = np.random.default_rng(seed + 1000)
        calls = [0]

        def hidden(X: Array, W: Array = W, b: Array = b) -> Array:
            return X @ W.T + b

        def deep(X: Array, V: Array = V, v: Array = v, A: Array = A, h: Any = hidden) -> Array:
            return np.maximum(np.maximum(h(X), 0.0) @ V.T + v, 0.0) @ A.T

        def smooth(X: Array, A: Array = A, h: Any = hidden, seed: int = seed) -> Array:
            Z = h(X)
            gelu = 0.5 * Z * (1.0 + erf(Z / np.sqrt(2.0)))
            return (np.tanh(Z) if seed % 2 else gelu) @ A.T

        def pooled(X: Array, W: Array = W, b: Array = b, A: Array = A, V: Array = V) -> Array:
            Z = np.stack([X @ W.T + b, X @ (V @ W).T, X @ (V.T @ W).T - b])
            return Z.max(axis=0) @ A.T

        def step(X: Array, A: Array = A, h: Any = hidden) -> Array:
            return (h(X) > 0.0) @ A.T

        def noisy(X: Array, net: TwoLayerNetwork = net, rng: Any = noise) -> Array:
            Y = net.predict(X)
            return Y + 0.01 * rng.standard_normal(Y.shape)

        def holes(X: Array, net: TwoLayerNetwork = net) -> Array:
            Y = net.predict(X)
            Y[X[:, 0] > 1.0] = np.nan
            return Y

        def stateful(X: Array, net: TwoLayerNetwork = net, calls: list[int] = calls) -> Array:
            calls[0] += 1
            return net.predict(X) * (1.0 + 0.01 * np.sin(calls[0]))

        def rounded(X: Array, net: TwoLayerNetwork = net) -> Array:
            return np.round(net.predict(X), 1)

        yield "deep", Status.DEEPER, d, deep
        yield "tanh, GELU", Status.NOT_PIECEWISE_LINEAR, d, smooth
        yield "max-pooling", Status.DEEPER, d, pooled
        yield "step functions", Status.DISCONTINUOUS, d, step
        yield "noise", Status.NOISY, d, noisy
        yield "NaN in places", Status.NOT_FINITE, d, holes
        yield "state", Status.NOT_DETERMINISTIC, d, stateful
        yield "rounded to 0.1", Status.DISCONTINUOUS, d, rounded


def wrong_lines() -> list[str]:
    """Ask the wrong boxes; return the lines of their table."""
    asked: dict[str, list[tuple[bool, bool, int, float]]] = {}
    for kind, status, d, box in wrong_boxes():
        start = time.perf_counter()
        found = identify(box, d, rng=0)
        seconds = time.perf_counter() - start
        result = found.certified, found.status is status, found.n_questions, seconds
        asked.setdefault(kind, []).append(result)
    lines = ["| kind | boxes | certified | named | questions, median | most seconds |"]
    lines.append("|---|---|---|---|---|---|")
    for kind, results in asked.items():
        certified, named, questions, seconds = (
            np.array(each) for each in zip(*results, strict=True)
        )
        lines.append(
            f"| {kind} | {len(results)} | {certified.sum()} | {named.sum()} "
            f"| {np.median(questions):.0f} | {seconds.max():.2g} |"
        )
    everything = [each for results in asked.values() for each in results]
    lines.append(
        f"| all | {len(everything)} | {sum(each[0] for each in everything)} "
        f"| {sum(each[1] for each in everything)} | | |"
    )
    return lines


def noise_lines() -> list[str]:
    """Read boxes with noise; return the lines of their table."""
    lines = ["| outputs | seed | tol | Gaussian rows | questions | ratio | status | covered | s |"]
    lines.append("|---|---|---|---|---|---|---|---|---|")
    rows = 20_000
    for m in (1, 5):
        for seed in range(5):
            network = random_network(10, 10, m, seed)
            rng = np.random.default_rng(seed)
            X = rng.standard_normal((rows, 10))
            sd = 1e-3 * network.predict(X).std(axis=0)

            def box(X: Array, net: Any = network, sd: Array = sd, rng: Any = rng) -> Array:
                return net.predict(X) + sd * rng.standard_normal((len(X), len(sd)))

            samples = ArraySamples(X, box(X))
            by_rows = recover(samples, 10, fit_hidden_bias=True, fit_intercept=True, rng=0)
            assert by_rows.standard_errors is not None
            tol = float(by_rows.standard_errors.W.max())
            start = time.perf_counter()
            found = identify(box, 10, 10, noise=True, tol=tol, rng=seed)
            seconds = time.perf_counter() - start
            lines.append(
                f"| {m} | {seed} | {tol:.2g} | {rows} | {found.n_questions} "
                f"| {found.n_questions / rows:.2f} | {found.status.name} "
                f"| {covered(network, found):.0%} | {seconds:.2g} |"
            )
    return lines


def covered(network: TwoLayerNetwork, found: Identification) -> float:
    """Return the share of entries of W within their 95 % intervals."""
    match = found.network.match(network)
    truth = network.normalized().W[match.right]
    ends = found.conf_int().W[match.left]
    return float(np.mean((ends[..., 0] <= truth) & (truth <= ends[..., 1])))


def line(rows: list[Row], wanted: str) -> str:
    """Return the line of a cell."""

    def values(name: str) -> Array:
        return np.array([getattr(row, name) for row in rows])

    cost, share, off = values("a_parameter"), values("share"), values("largest")
    certified = int(np.sum(values("status") == "RECOVERED"))
    counted = int(np.sum(values("k") == values("k_read")))
    return (
        f"| {rows[0].cell} | {wanted} | {certified} of {len(rows)} | {counted} "
        f"| {np.median(cost):.3g} ({cost.max():.3g}) | {np.median(values('times_outputs')):.3g} "
        f"| {share.mean():.2%} | {np.median(off):.1e} ({off.max():.1e}) "
        f"| {np.median(values('seconds')):.2g} ({values('seconds').max():.2g}) |"
    )


def draw(rows: list[Row], folder: Path) -> None:
    """Draw questions and seconds against the number of neurons."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for m in (1, 16):
        of = {k: [r for r in rows if r.cell == f"64-{k}-{m}"] for k in COUNTED}
        of = {k: each for k, each in of.items() if each}
        if not of:
            continue
        for axis, name, label in (
            (axes[0], "a_parameter", "questions a parameter"),
            (axes[1], "seconds", "seconds"),
        ):
            values = [np.median([getattr(row, name) for row in each]) for each in of.values()]
            axis.plot(list(of), values, "o-", label=f"{m} output{'s' * (m > 1)}")
            axis.set(xlabel="neurons", ylabel=label, xscale="log", yscale="log")
            axis.set_xticks(COUNTED, [str(k) for k in COUNTED])
    if axes[0].lines:
        axes[0].legend()
    figure.savefig(folder / "identify.svg")


def page(done: dict[str, list[Any]]) -> str:
    """Return the page of what has been measured."""
    about = (__doc__ or "").split("Stopped, it goes on")[0].split("identify.svg``.")[1].strip()
    about = about.replace("\n", " ")
    lines = ["# Boxes that are read", "", f"Made by `make bench-identify`. {about}", ""]
    lines += [
        "| box | asked for | certified | counted right | questions a parameter (most) "
        "| × outputs | rows found | largest difference (worst) | s (most) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, (wanted, _) in cells().items():
        if name in done:
            lines.append(line([Row(**row) for row in done[name]], wanted))
    for name, title in (("wrong", "Wrong boxes"), ("noise", "Noise")):
        if name in done:
            lines += ["", f"## {title}", "", *done[name]]
    lines += ["", "![questions and seconds against neurons](identify.svg)"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Read the boxes that have not been read, and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--output", type=Path, default=Path("docs/figures"))
    parser.add_argument("--only", nargs="+", metavar="CELL", help="no others")
    parser.add_argument("--again", action="store_true", help="measure anew what there is")
    options = parser.parse_args()
    path = options.output / "identify.json"
    done: dict[str, list[Any]] = json.loads(path.read_text()) if path.exists() else {}
    makers: dict[str, Callable[[], list[Any]]] = {
        name: (lambda make=make: [asdict(row) for row in make()])
        for name, (_, make) in cells().items()
    }
    makers |= {"wrong": wrong_lines, "noise": noise_lines}
    options.output.mkdir(parents=True, exist_ok=True)
    for name, make in makers.items():
        if (options.only and name not in options.only) or (name in done and not options.again):
            continue
        done[name] = make()
        parts = [f"{json.dumps(cell)}: {json.dumps(rows)}" for cell, rows in done.items()]
        path.write_text("{\n" + ",\n".join(parts) + "\n}\n")
        text = page(done)
        (options.output / "identify.md").write_text(text)
        print(next((row for row in text.splitlines() if row.startswith(f"| {name} |")), name))
    draw([Row(**row) for name in cells() for row in done.get(name, [])], options.output)


if __name__ == "__main__":
    main()
