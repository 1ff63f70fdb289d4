"""A recovery as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pureneuron.cli.terminal import NOT_RECOVERED, OK, print_line, print_table
from pureneuron.cli.wording import in_options
from pureneuron.model import TwoLayerNetwork, counted
from pureneuron.recovery import Recovery
from pureneuron.results import StageReport, Status
from pureneuron.standard_errors import StandardErrors
from pureneuron.typing import Array

__all__ = [
    "MOST_NEURONS",
    "exit_status",
    "network_record",
    "print_recovery",
    "print_saved",
    "print_stages",
    "print_verdict",
    "recovery_record",
    "stage_records",
]

_PARTS = ("A", "W", "hidden_bias", "output_bias", "negative_slope", "linear")
_LEVEL = 0.95  # of the intervals in JSON
MOST_NEURONS = 16  # that the text of a fit lists


def exit_status(status: Status) -> int:
    """Return the exit status of a command that ran and ended in ``status``."""
    return OK if status is Status.RECOVERED else NOT_RECOVERED


def print_stages(stages: Iterable[StageReport]) -> None:
    """Print the stage reports as a table."""
    rows = [(stage.name, in_options(stage.summary), f"{stage.seconds:.2f}") for stage in stages]
    print_table(("stage", "what it saw", "seconds"), rows, text_columns=(0, 1))


def print_verdict(recovery: Recovery) -> None:
    """Print the status first, then what led to it and what else there is to know."""
    colour = "green" if recovery.status is Status.RECOVERED else "yellow"
    print_line((recovery.status.name, f"bold {colour}"), f": {in_options(recovery.reason)}")
    if recovery.status is not Status.RECOVERED:
        print_line(in_options(recovery.advice))
    print_stages(recovery.stages)
    for warning in recovery.warnings:
        print_line(f"Warning: {in_options(warning)}", style="yellow")
    for note in recovery.notes:
        print_line(f"Note: {in_options(note)}", style="yellow")


def print_recovery(recovery: Recovery, *, saved: Path | None = None) -> None:
    """Print a recovery: the status first, then what led to it."""
    print_verdict(recovery)
    print_line(
        f"Mean squared residual {recovery.loss:.6g} after {counted(recovery.n_iter, 'iteration')} "
        f"and {counted(recovery.n_passes, 'pass', 'passes')} over the data"
    )
    print_line(f"{recovery.network!r}")
    if recovery.standard_errors is not None and not np.isneginf(recovery.bic):
        _print_errors(recovery, recovery.standard_errors)
    if saved is not None:
        print_saved(recovery, saved)


def print_saved(recovery: Recovery, path: Path) -> None:
    """Print where the network is, and whether it is to be relied on."""
    known = recovery.status in (Status.RECOVERED, Status.UNCONFIRMED)
    unsure = "" if known else ", which is NOT RECOVERED,"
    print_line(f"Wrote the network{unsure} to {path}")


def _print_errors(recovery: Recovery, errors: StandardErrors) -> None:
    """Print how well each neuron is known: what its standard errors mostly are, and the largest."""
    network = recovery.network
    print_line()
    print_line(f"Standard errors ({errors.kind})")
    biased = bool(network.hidden_bias.any() or errors.hidden_bias.any())
    headings = ["neuron", "W, mostly", "largest", "A, mostly", "largest"]
    rows = []
    for a in range(min(network.n_neurons, MOST_NEURONS)):
        of_W = _mostly_and_largest(errors.W[a], recovery.input_names)
        of_A = _mostly_and_largest(errors.A[:, a], recovery.output_names)
        bias = (_give_or_take(network.hidden_bias[a], errors.hidden_bias[a]),) if biased else ()
        rows.append((str(a), *of_W, *of_A, *bias))
    print_table([*headings, *(["bias"] if biased else [])], rows)
    if network.n_neurons > len(rows):
        print_line(f"and {network.n_neurons - len(rows)} neurons more, see --json")
    if network.output_bias.any() or errors.output_bias.any():
        for name, value, error in zip(
            recovery.output_names[:MOST_NEURONS],
            network.output_bias,
            errors.output_bias,
            strict=False,
        ):
            print_line(f"Bias of output {name}: {_give_or_take(value, error)}")
    if network.linear.any() or errors.linear.any():
        for name, of_output in zip(
            recovery.output_names[:MOST_NEURONS], errors.linear, strict=False
        ):
            mostly, largest = _mostly_and_largest(of_output, recovery.input_names)
            print_line(f"Linear part of output {name}: mostly ± {mostly}, largest {largest}")
    if errors.negative_slope:
        slope = _give_or_take(network.negative_slope, errors.negative_slope)
        print_line(f"Negative slope: {slope}")


def _mostly_and_largest(errors: Array, names: Sequence[str]) -> tuple[str, str]:
    """Return the median of standard errors, the largest, and whose it is."""
    if not np.isfinite(errors).all():
        unknown = [names[int(i)] for i in np.flatnonzero(~np.isfinite(errors))]
        shown = ", ".join(unknown[:2]) + (", …" if len(unknown) > 2 else "")
        known = errors[np.isfinite(errors)]
        return f"{np.median(known):.2g}" if known.size else "", f"undetermined ({shown})"
    largest = f"{errors.max():.2g} ({names[int(np.argmax(errors))]})"
    return f"{np.median(errors):.2g}", largest


def _give_or_take(value: float, error: float) -> str:
    return f"{value:.4g} ± {error:.2g}" if np.isfinite(error) else "undetermined"


def stage_records(stages: Iterable[StageReport]) -> list[dict[str, Any]]:
    """Return the stage reports for JSON."""
    return [
        {
            "name": stage.name,
            "summary": in_options(stage.summary),
            "figures": stage.figures,
            "seconds": stage.seconds,
        }
        for stage in stages
    ]


def network_record(network: TwoLayerNetwork) -> dict[str, Any]:
    """Return a network for JSON."""
    return {name: getattr(network, name) for name in _PARTS}


def recovery_record(recovery: Recovery) -> dict[str, Any]:
    """Return a recovery for JSON; what is undetermined becomes null (:func:`json_ready`)."""
    errors, intervals = recovery.standard_errors, None
    if errors is not None:
        ends = recovery.conf_int(_LEVEL)
        intervals = {"level": _LEVEL, **{name: getattr(ends, name) for name in _PARTS}}
    return {
        "status": recovery.status,
        "reason": in_options(recovery.reason),
        "advice": in_options(recovery.advice),
        "certified": recovery.certified,
        "loss": recovery.loss,
        "bic": recovery.bic,
        "n_iter": recovery.n_iter,
        "n_passes": recovery.n_passes,
        "warnings": [in_options(warning) for warning in recovery.warnings],
        "notes": [in_options(note) for note in recovery.notes],
        "network": network_record(recovery.network),
        "standard_errors": errors
        and {name: getattr(errors, name) for name in (*_PARTS, "kind", "freedom")},
        "intervals": intervals,
        "stages": stage_records(recovery.stages),
    }
