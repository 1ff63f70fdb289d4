"""What goes wrong in a command, as a line of text and an exit status."""

from __future__ import annotations

from pureneuron.cli.terminal import BAD_INPUT, NOT_RECOVERED
from pureneuron.cli.wording import in_options, request_in_options
from pureneuron.identify import BoxError
from pureneuron.samples import UnclearColumns

__all__ = ["EXPECTED", "line_and_status"]

EXPECTED = (ValueError, ImportError, OSError, BoxError)


def line_and_status(error: Exception) -> tuple[str, int]:
    """Return what to tell the user of an error that is expected, and the exit status."""
    if isinstance(error, UnclearColumns):
        return request_in_options(error), BAD_INPUT
    if isinstance(error, TimeoutError):
        return in_options(str(error)), NOT_RECOVERED
    if isinstance(error, OSError) and error.filename is not None and error.strerror is not None:
        return f"{error.filename}: {error.strerror}", BAD_INPUT
    return str(error) or type(error).__name__, BAD_INPUT
