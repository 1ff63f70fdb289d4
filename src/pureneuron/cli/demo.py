"""``pureneuron demo``: both jobs on real input, with the truth at hand to check them.

A classifier of handwritten digits plays the black box. First it is queried at the 1797 images and
their negations; its ten logits, with 1 % noise, go into a file, and that file is fitted exactly as
``pureneuron fit`` fits anyone's. Then, and only then, the recovered units meet the true ones. The
second part, ``demo_questions``, reads the same classifier by questions of its own choice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import rich_click as click

from pureneuron import plot
from pureneuron.cli.compare import weight_cosines
from pureneuron.cli.demo_questions import print_readouts, read_classifier, readout_records
from pureneuron.cli.fit import fit_file
from pureneuron.cli.identification import save_identification
from pureneuron.cli.models import check_output, save_model
from pureneuron.cli.options import force_option, json_option, seed_option
from pureneuron.cli.plot import save_picture
from pureneuron.cli.recovery import print_recovery, recovery_record
from pureneuron.cli.terminal import (
    NOT_RECOVERED,
    OK,
    print_json,
    print_line,
    print_table,
    terminal_progress,
)
from pureneuron.datasets import digits_inputs, digits_samples, load_digits_classifier
from pureneuron.model import TwoLayerNetwork
from pureneuron.options import Options
from pureneuron.recovery import Recovery
from pureneuron.results import Status
from pureneuron.samples import write_table
from pureneuron.typing import Array

__all__ = ["demo"]


@dataclass(frozen=True)
class Thresholds:
    """What the demo must reach to call itself a success (by definition; make demo).

    Attributes
    ----------
    correlation : float
        Least correlation of a unit's pre-activation with that of the true one.
    residual_error : float
        Most relative difference of the residual from its expectation.
    """

    correlation: float = 0.999
    residual_error: float = 0.02


THRESHOLDS = Thresholds()


@dataclass(frozen=True)
class _Files:
    """What the demo writes."""

    samples: Path
    truth: Path
    model: Path
    picture: Path
    read: Path

    @classmethod
    def within(cls, folder: Path) -> _Files:
        models = ("truth.safetensors", "model.safetensors")
        names = ("digits.parquet", *models, "units.png", "read.safetensors")
        return cls(*(folder / name for name in names))

    def __iter__(self) -> Iterator[Path]:
        return iter((self.samples, self.truth, self.model, self.picture, self.read))


@click.command()
@click.option(
    "--output-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="Folder for the files of the demo; it is made if missing.",
)
@seed_option
@force_option
@json_option
def demo(output_dir: Path, seed: int, force: bool, as_json: bool) -> int:
    """Recover a classifier of digits, from samples and by questions, and check every unit.

    Writes digits.parquet (the samples), truth.safetensors, model.safetensors, units.png and
    read.safetensors. Exit status 0: both are recovered. From noisy samples every unit's
    pre-activation correlates with the true one's by 0.999 or more, and the residual is within 2 %
    of its expectation. By questions, of logits and of probabilities, every weight is right to 1e-6.
    """
    files = _Files.within(output_dir)
    if find_spec("matplotlib") is None:
        raise ImportError("the demo draws a picture: pip install 'pureneuron[report]'")
    output_dir.mkdir(parents=True, exist_ok=True)
    for path in files:
        check_output(path, force=force)

    truth = load_digits_classifier()
    X, Y = digits_samples(rng=seed)
    # All files or none: they move into the folder once the last one is there.
    with TemporaryDirectory(prefix=".demo.", dir=output_dir) as folder:
        parts = _Files.within(Path(folder))
        _write_truth(parts, truth, X, Y)
        start = time.perf_counter()
        with terminal_progress(wanted=not as_json) as callback:
            recovery = fit_file(
                parts.samples,
                Options(truth.n_neurons),
                model=parts.model,
                seed=seed,
                callback=callback,
            ).recovery
            seconds = time.perf_counter() - start
            readouts = read_classifier(truth, seed=seed, callback=callback)
        save_identification(readouts["logits"].found, parts.read)
        checks = _check(recovery, truth, X, Y)
        shown = plot.compare(recovery, truth, image_shape=(8, 8), metric=X.T @ X / len(X))
        save_picture(shown, parts.picture)
        for part, path in zip(parts, files, strict=True):
            part.replace(path)

    if as_json:
        written = {name: str(getattr(files, name)) for name in files.__dataclass_fields__}
        print_json(
            {
                **recovery_record(recovery),
                **checks,
                "seconds": seconds,
                "files": written,
                "questions": readout_records(readouts),
            }
        )
    else:
        print_line("1. From samples", style="bold")
        _print(recovery, checks, files, seconds)
        print_line()
        print_line("2. By questions", style="bold")
        print_line("The same classifier, without noise, asked what the method chooses. As by")
        print_line(f"  pureneuron identify {files.truth} -o {files.read}", style="bold")
        print_line()
        print_readouts(readouts, truth)
    recovered = (
        recovery.status is Status.RECOVERED
        and checks["units"]["correlation"].min() >= THRESHOLDS.correlation
        and checks["residual"]["within_2_percent"]
        and all(readout.exact for readout in readouts.values())
    )
    return OK if recovered else NOT_RECOVERED


def _write_truth(files: _Files, truth: TwoLayerNetwork, X: Array, Y: Array) -> None:
    input_names = tuple(f"x{j}" for j in range(truth.n_inputs))
    output_names = tuple(f"y{j}" for j in range(truth.n_outputs))
    columns = dict(zip(input_names + output_names, np.column_stack([X, Y]).T, strict=True))
    write_table(files.samples, columns)
    save_model(truth, files.truth, input_names=input_names, output_names=output_names)


def _check(recovery: Recovery, truth: TwoLayerNetwork, X: Array, Y: Array) -> dict[str, Any]:
    """Hold the recovered network against the true one."""
    network = recovery.network
    match = network.match(truth, metric=X.T @ X / len(X))
    noise = float(np.mean((Y - truth.predict(X)) ** 2))
    unknowns = network.n_neurons * (recovery.span.shape[1] + network.n_outputs - 1)
    ratio, expected = recovery.loss / noise, 1.0 - unknowns / Y.size
    images, labels = digits_inputs()
    read, truly = (net.predict(images).argmax(axis=1) for net in (network, truth))
    return {
        "units": {
            "unit": match.left,
            "true_unit": match.right,
            "correlation": match.cosines_W,
            "cosine_A": match.cosines_A,
            "cosine_W": weight_cosines(network, truth, match),
        },
        "residual": {
            "variance": recovery.loss,
            "noise_variance": noise,
            "ratio": ratio,
            "expected_ratio": expected,
            "unknowns": unknowns,
            "measured_outputs": Y.size,
            "within_2_percent": abs(ratio / expected - 1.0) <= THRESHOLDS.residual_error,
        },
        "digits": {
            "count": len(labels),
            "agreement": float(np.mean(read == truly)),
            "accuracy_recovered": float(np.mean(read == labels)),
            "accuracy_true": float(np.mean(truly == labels)),
        },
    }


def _print(recovery: Recovery, checks: dict[str, Any], files: _Files, seconds: float) -> None:
    k = recovery.network.n_neurons
    print_line(f"{files.samples}: 1797 images of digits and their negations, with the ten logits")
    print_line("of a ReLU classifier 64 → 10 → 10 and 1 % noise. Fitted from that file, as by")
    print_line(f"  pureneuron fit {files.samples} -k {k} -o {files.model}", style="bold")
    print_line()
    print_recovery(recovery, saved=files.model)

    print_line()
    print_line("Each unit against the true one", style="bold")
    units = checks["units"]
    agreements = [units[name] for name in ("correlation", "cosine_A", "cosine_W")]
    rows = [
        (f"{i}", f"{j}", f"{r:.6f}", f"{a:.6f}", f"{w:.4f}")
        for i, j, r, a, w in zip(units["unit"], units["true_unit"], *agreements, strict=True)
    ]
    r, a, w = (values.min() for values in agreements)
    rows.append(("least", "", f"{r:.6f}", f"{a:.6f}", f"{w:.4f}"))
    print_table(("unit", "true", "pre-activation r", "cosine of A", "cosine of W"), rows)
    print_line(
        "r is the correlation of the pre-activations over the inputs. The plain cosine of the"
    )
    print_line(
        "weights is limited by pixels that hardly vary: no sample says what their weights are."
    )

    print_line()
    residual, digits = checks["residual"], checks["digits"]
    print_line("Residual and use", style="bold")
    print_line(
        f"Residual / noise variance   {residual['variance']:.6f} / "
        f"{residual['noise_variance']:.6f} = {residual['ratio']:.4f}"
    )
    print_line(
        f"  expected 1 − {residual['unknowns']} unknowns / {residual['measured_outputs']} outputs"
        f" = {residual['expected_ratio']:.4f}: "
        f"{'within' if residual['within_2_percent'] else 'NOT within'} 2 %"
    )
    print_line(
        f"Digits on which both agree  {digits['agreement']:.2%} of {digits['count']} "
        f"(right: recovered {digits['accuracy_recovered']:.2%}, true {digits['accuracy_true']:.2%})"
    )
    print_line(f"Time to read and fit        {seconds:.1f} s")
    print_line(f"The units as pictures       {files.picture}")
