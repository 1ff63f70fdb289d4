"""``pureneuron fit``: from a file of samples to a network."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import rich_click as click

from pureneuron.cli.cluster import cluster_option, opened_samples
from pureneuron.cli.models import MODEL_ENDING, check_output, save_model
from pureneuron.cli.options import (
    column_options,
    count_or_auto,
    file_options,
    force_option,
    groups_option,
    json_option,
    memory_option,
    model_option,
    neurons_option,
    samples_argument,
    seed_option,
    slope_or_auto,
)
from pureneuron.cli.recovery import exit_status, print_recovery, recovery_record
from pureneuron.cli.reporting import WantedReport, report_options
from pureneuron.cli.terminal import print_json, print_line, print_note, terminal_progress
from pureneuron.cli.wording import in_options, telling_options
from pureneuron.options import Options
from pureneuron.progress import ProgressCallback
from pureneuron.recover import recover
from pureneuron.recovery import Recovery
from pureneuron.samples import Paths

__all__ = ["FileFit", "fit", "fit_file"]


@dataclass(frozen=True)
class FileFit:
    """A recovery from a file.

    Attributes
    ----------
    recovery : Recovery
        The outcome.
    input_names, output_names : tuple of str
        The columns it is about.
    notes : tuple of str
        What else there is to know about the files.
    """

    recovery: Recovery
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    notes: tuple[str, ...]


def fit_file(
    path: Paths,
    options: Options,
    *,
    model: Path | None = None,
    force: bool = False,
    cluster: str | None = None,
    device: str | None = None,
    seed: int = 0,
    checkpoint: Path | None = None,
    report: WantedReport | None = None,
    callback: ProgressCallback | None = None,
    **reading: Any,
) -> FileFit:
    """Recover the network behind the samples in ``path``, and save it as ``model`` if given.

    ``cluster``, ``device`` and ``reading`` are the arguments of
    :func:`~pureneuron.cli.cluster.opened_samples`. Whether the model can be written is settled
    before the work; it is written whatever the status.

    Raises
    ------
    FileNotFoundError, FileExistsError, OSError, ValueError, ImportError
        As :func:`~pureneuron.cli.cluster.opened_samples`, :func:`~pureneuron.recover` and
        :func:`~pureneuron.cli.models.check_output` do.
    """
    if model is not None:
        check_output(model, force=force, endings=(MODEL_ENDING,))
    asked = {option.name: getattr(options, option.name) for option in fields(options)}
    with opened_samples(path, cluster, device, **reading) as samples, telling_options():
        if report is not None:
            report.check_inputs(samples.n_inputs)
        recovery = recover(samples, **asked, rng=seed, callback=callback, checkpoint=checkpoint)
    if model is not None:
        save_model(
            recovery.network,
            model,
            input_names=samples.input_names,
            output_names=samples.output_names,
            status=recovery.status.name,
            loss=recovery.loss,
        )
    return FileFit(
        recovery, samples.input_names, samples.output_names, getattr(samples, "notes", ())
    )


@click.command()
@samples_argument
@neurons_option("finds the least number that the data do not reject")
@model_option
@column_options
@groups_option
@cluster_option
@file_options
@memory_option
@click.option(
    "--device",
    metavar="NAME",
    help="Work on the rows there: a GPU (cuda, cuda:1), by PyTorch.",
)
@click.option(
    "--init",
    type=click.Choice(["auto", "moments", "random"]),
    default=Options.init,
    show_default=True,
    help="Where to start: moments (the paper), random starts, or whatever suits the data.",
)
@click.option(
    "--no-refine", "refine", flag_value=False, default=True, help="Stop at the moment estimate."
)
@click.option("--hidden-bias", "fit_hidden_bias", is_flag=True, help="Fit a bias for each neuron.")
@click.option("--intercept", "fit_intercept", is_flag=True, help="Fit a bias for each output.")
@click.option("--linear", "fit_linear", is_flag=True, help="Fit a linear part beside the neurons.")
@click.option(
    "--negative-slope",
    callback=slope_or_auto,
    default=f"{Options.negative_slope:g}",
    show_default=True,
    metavar="SLOPE|auto",
    help="Slope of the rectifier on its negative side; auto fits it.",
)
@click.option(
    "--noise-covariance",
    type=click.Choice(["spherical", "full"]),
    default=Options.noise_covariance,
    show_default=True,
    help="full: noise differs or is correlated between outputs; weight them by its covariance.",
)
@click.option(
    "--errors",
    type=click.Choice(["auto", "iid", "robust", "serial"]),
    default=Options.errors,
    show_default=True,
    help="What is assumed of the noise for standard errors and tests: iid, independent rows of one "
    "law; robust, its size may depend on the inputs; serial, noise with memory, rows in order; "
    "auto, the first that the data do not speak against. --groups comes before it.",
)
@click.option(
    "--restarts",
    "n_restarts",
    callback=count_or_auto(0),
    default=Options.n_restarts,
    show_default=True,
    metavar="N|auto",
    help="Most random starts.",
)
@click.option(
    "--max-iter",
    type=click.IntRange(min=1),
    default=Options.max_iter,
    show_default=True,
    help="Most iterations a start.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0.0, min_open=True),
    default=Options.time_limit,
    metavar="SECONDS",
    help="Keep the best network so far after this time.",
)
@click.option(
    "--jobs",
    "n_jobs",
    type=int,
    default=Options.n_jobs,
    metavar="N",
    help="Threads; all cores if left out, or OMP_NUM_THREADS. The result does not depend on it.",
)
@click.option(
    "--checkpoint",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep each pass over the data in this folder: a fit that was stopped, in whatever way, "
    "goes on from there when it is started again.",
)
@report_options
@seed_option
@force_option
@json_option
@click.option("--quiet", is_flag=True, help="No progress, and the status alone.")
def fit(
    samples: tuple[str, ...],
    output: Path | None,
    seed: int,
    report: WantedReport | None,
    as_json: bool,
    quiet: bool,
    **values: Any,
) -> int:
    """Recover the network behind SAMPLES: files, folders or patterns.

    Parquet, Arrow (Feather), CSV (also .tsv, .csv.gz), .npz, .npy, HDF5, Zarr or MATLAB, all of one
    format and with the same columns. What is larger than memory is read anew in each pass.
    """
    with terminal_progress(wanted=not (as_json or quiet)) as callback:
        names = [option.name for option in fields(Options) if option.name in values]
        with telling_options():
            options = Options(**{name: values.pop(name) for name in names})
        fitted = fit_file(
            list(samples),
            options,
            model=output,
            seed=seed,
            report=report,
            callback=callback,
            **values,
        )
    recovery = fitted.recovery
    record = recovery_record(recovery)
    for note in fitted.notes:
        print_note(note)
    if as_json:
        print_json(
            {
                **record,
                "notes": [*fitted.notes, *record["notes"]],
                "input_names": fitted.input_names,
                "output_names": fitted.output_names,
                "model": output,
                "report": report and report.path,
            }
        )
    elif quiet:
        print_line(f"{recovery.status.name}: {in_options(recovery.reason)}")
    else:
        print_recovery(recovery, saved=output)
        if output is None:
            print_line("Nothing is saved; -o model.safetensors would write the network")
    if report is not None:
        report.write(recovery, quiet=as_json or quiet)
    return exit_status(recovery.status)
