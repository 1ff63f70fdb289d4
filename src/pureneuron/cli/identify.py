"""``pureneuron identify``: read a network off a box, by questions."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import rich_click as click

from pureneuron.cli.identification import (
    identification_record,
    print_identification,
    save_identification,
)
from pureneuron.cli.models import MODEL_ENDING, ONNX_ENDING, check_output, load_model
from pureneuron.cli.options import (
    force_option,
    json_option,
    low_and_high,
    neurons_option,
    numbers,
    seed_option,
)
from pureneuron.cli.recovery import exit_status
from pureneuron.cli.reporting import WantedReport, report_options
from pureneuron.cli.terminal import print_json, print_line, terminal_progress
from pureneuron.cli.wording import in_options, telling_options
from pureneuron.identify import Box, box_of, command_box
from pureneuron.identify import identify as identify_box

__all__ = ["identify"]

_TIMEOUT = 60.0  # of a program


@click.command()
@click.argument("box", type=click.Path(path_type=Path), required=False)
@click.option(
    "--command",
    "program",
    metavar="COMMAND",
    help="Ask this program in the place of BOX: it reads rows of numbers from standard input and "
    "writes a row of answers for each to standard output, both as CSV.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.0, min_open=True),
    metavar="SECONDS",
    help=f"How long the program may take for a batch, {_TIMEOUT:g} if left out.",
)
@click.option(
    "-d",
    "--n-inputs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of inputs; needed where the box does not say, as programs do not.",
)
@neurons_option("counts them; they are counted in any case, and another number is noted")
@click.option(
    "--budget",
    type=click.IntRange(min=1),
    metavar="N",
    help="Most questions; no limit if left out.",
)
@click.option(
    "--bounds",
    callback=low_and_high,
    metavar="LOW,HIGH",
    help="Ask nothing outside. Neurons that do not switch within become part of the linear part.",
)
@click.option(
    "--center",
    callback=numbers,
    metavar="NUMBER",
    help="Where inputs usually are, 0 if left out: one number, or one an input, separated by "
    "commas.",
)
@click.option(
    "--scale",
    callback=numbers,
    metavar="NUMBER",
    help="How far inputs spread about the center, 1 if left out.",
)
@click.option(
    "--link",
    type=click.Choice(["auto", "identity", "softmax", "sigmoid"]),
    default="auto",
    show_default=True,
    help="softmax or sigmoid, if answers are probabilities; auto: what an .onnx file ends in.",
)
@click.option(
    "--noise",
    is_flag=True,
    help="Answers have independent noise: fit the network to many, the most telling ones.",
)
@click.option(
    "--noise-sd",
    type=click.FloatRange(min=0.0, min_open=True),
    metavar="NUMBER",
    help="The same, where the standard deviation of the noise is known.",
)
@click.option(
    "--tol",
    type=click.FloatRange(min=0.0, min_open=True),
    metavar="ERROR",
    help="With noise, ask until no entry of W, rows of unit length, has a larger standard error.",
)
@click.option(
    "--fresh",
    "n_fresh",
    type=click.IntRange(min=1),
    metavar="N",
    help="Fresh questions at the end: if all are answered rightly, less than 3/N of the region is "
    "wrong, at a level of 95 %. If left out, 30, within bounds 100, or a twentieth of all.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0.0, min_open=True),
    metavar="SECONDS",
    help="End after so many seconds, with what has been read so far.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=8192,
    show_default=True,
    metavar="N",
    help="Most questions at a time.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="MODEL",
    help=f"Write the network to this {MODEL_ENDING} or {ONNX_ENDING} file.",
)
@report_options
@seed_option
@force_option
@json_option
@click.option("--quiet", is_flag=True, help="No progress, and the status alone.")
def identify(
    box: Path | None,
    program: str | None,
    timeout: float | None,
    output: Path | None,
    seed: int,
    force: bool,
    as_json: bool,
    quiet: bool,
    report: WantedReport | None,
    **values: Any,
) -> int:
    """Read the network off BOX by questions.

    BOX is an .onnx file, or a .safetensors model to try it on. A program is asked with --command.
    """
    asked = {name: value for name, value in values.items() if value is not None}
    asked["noise"] = asked.pop("noise_sd", asked["noise"])
    if "bounds" in asked and ("center" in asked or "scale" in asked):
        raise click.UsageError("--bounds says where inputs are: leave out --center and --scale")
    if output is not None:
        check_output(output, force=force, endings=(MODEL_ENDING, ONNX_ENDING))
        if box is not None and box.exists() and output.exists() and output.samefile(box):
            raise ValueError(f"{output} is also the box to be read; write to another file")
    source = _source(box, program, timeout, asked.get("n_inputs"))
    if report is not None:
        report.check_inputs(source.box.n_inputs or asked["n_inputs"])
    start = time.perf_counter()
    with terminal_progress(wanted=not (as_json or quiet)) as callback, telling_options():
        found = identify_box(source.box, **asked, rng=seed, callback=callback)
    seconds = time.perf_counter() - start
    found = replace(found, input_names=source.input_names or found.input_names)
    saved = output if found.certified or found.network.n_neurons else None
    if saved is not None:
        save_identification(found, saved)
    link = source.box.link if asked["link"] == "auto" else asked["link"]
    if as_json:
        names = {"input_names": found.input_names, "output_names": found.output_names}
        record = identification_record(found, link)
        written = {"seconds": seconds, "model": saved}
        print_json({**record, **names, **written, "report": report and report.path})
    elif quiet:
        print_line(f"{found.status.name}: {in_options(found.reason)}")
    else:
        print_identification(found, link, saved=saved)
        if output is None:
            print_line(f"Nothing is saved; -o model{MODEL_ENDING} would write the network")
        elif saved is None:
            print_line("Nothing is saved, because nothing was read")
    if report is not None:
        report.write(found, quiet=as_json or quiet)
    return exit_status(found.status)


@dataclass(frozen=True)
class _Source:
    """A box, and the names of its inputs; None where it does not say."""

    box: Box
    input_names: tuple[str, ...] | None = None


def _source(
    path: Path | None, program: str | None, timeout: float | None, n_inputs: int | None
) -> _Source:
    """Return what is to be asked."""
    if program is not None:
        if path is not None:
            raise click.UsageError(f"give one box: {path}, or --command")
        seconds = _TIMEOUT if timeout is None else timeout
        source = _Source(command_box(program, timeout=seconds, n_inputs=n_inputs))
    elif path is None:
        raise click.UsageError("give a box: the path of a file, or --command")
    elif timeout is not None:
        raise click.UsageError("--timeout is for --command")
    elif path.suffix.lower() == MODEL_ENDING:
        model = load_model(path)
        network = model.network
        box = Box(network.predict, network.n_inputs, "identity", str(path), model.output_names)
        source = _Source(box, model.input_names)
    elif path.suffix.lower() == ONNX_ENDING:
        source = _Source(box_of(path))
    else:
        raise click.UsageError(f"{path}: a box is an {ONNX_ENDING} or a {MODEL_ENDING} file")
    # Here, and not where arguments are put in other words: names of files and programs stay.
    name, known = source.box.name, source.box.n_inputs
    if known is None and n_inputs is None:
        raise click.UsageError(f"{name} does not say how many inputs it has: give --n-inputs")
    if known is not None and n_inputs not in (None, known):
        raise click.UsageError(f"{name} has {known} inputs, and --n-inputs says {n_inputs}")
    return source
