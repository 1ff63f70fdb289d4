"""Programs as boxes: rows on standard input, answers on standard output, both as CSV."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import isfinite

import numpy as np

from pureneuron.identify.boxes.box import Box, BoxError
from pureneuron.typing import Array

__all__ = ["command_box"]

# Characters of a name, a cell and a line in messages.
_LONGEST_NAME = 80
_LONGEST_CELL = 40
_LONGEST_LINE = 300


def command_box(
    command: str | Sequence[str], *, timeout: float = 60.0, n_inputs: int | None = None
) -> Box:
    """Make a box of a program that reads rows and writes answers.

    The program is started for each batch, without a shell. It finds the rows on its standard input,
    a line each, numbers separated by commas, without a header, and must write a line of numbers for
    each to its standard output; a line of names may come first. Numbers are written so that they
    are read back to the last bit. NaN and infinities are answers, too.

    A batch that fails is tried once more. A program that is not done in time, or is interrupted, is
    killed with all that it started.

    Parameters
    ----------
    command : str or sequence of str
        The program and its arguments; a string is split as a shell would, quotes included.
    timeout : float
        Seconds that a batch may take.
    n_inputs : int, optional
        Number of inputs, where it is known.

    Returns
    -------
    Box
        Its function raises BoxError where a batch fails twice: the program cannot be started, is
        not done in time or ends with another exit status than 0, or its answer is not a line of
        numbers for each row, all of them with as many.

    Raises
    ------
    ValueError
        If the command is empty or names no program, or if timeout or n_inputs is not positive.
    """
    arguments = _arguments(command)
    if not (timeout > 0 and isfinite(timeout)):
        raise ValueError(f"timeout must be a positive number of seconds, got {timeout}")
    if n_inputs is not None and n_inputs < 1:
        raise ValueError(f"n_inputs must be at least 1, got {n_inputs}")
    program = _Program(arguments, float(timeout))
    return Box(program.ask, n_inputs, "identity", program.name, None)


def _arguments(command: str | Sequence[str]) -> tuple[str, ...]:
    try:
        arguments = shlex.split(command) if isinstance(command, str) else [*command]
    except ValueError as error:
        raise ValueError(f"command {command!r} cannot be split: {error}") from error
    if not arguments:
        raise ValueError("command is empty; a program and its arguments are expected")
    if shutil.which(arguments[0]) is None:
        raise ValueError(
            f"command: there is no program {arguments[0]!r}, or it may not be executed"
        )
    return tuple(arguments)


@dataclass(frozen=True)
class _Program:
    """A program that is started anew for each batch, so that nothing is left of the one before."""

    arguments: tuple[str, ...]
    timeout: float

    @property
    def name(self) -> str:
        return _shortened(shlex.join(self.arguments), _LONGEST_NAME)

    def ask(self, X: Array) -> Array:
        """Return the answers, (n, m), to rows of shape (n, d)."""
        rows = np.asarray(X, dtype=np.float64)
        # repr is the shortest text that gives the same number again.
        text = "".join(",".join(map(repr, row)) + "\n" for row in rows.tolist()).encode()
        with suppress(BoxError):
            return self._answers(text, len(rows))
        return self._answers(text, len(rows))

    def _answers(self, text: bytes, n: int) -> Array:
        try:
            return _parsed(self._output(text), n)
        except _Failure as failure:
            raise BoxError(f"the command {self.name} {failure} (tried twice)") from failure

    def _output(self, text: bytes) -> str:
        """Run the program on ``text`` and return what it wrote."""
        pipe = subprocess.PIPE
        try:
            # A session of its own: what it starts can be killed with it.
            process = subprocess.Popen(
                self.arguments, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        except OSError as error:
            raise _Failure(f"cannot be started: {error}") from error
        with process:
            try:
                # Feeds and reads at the same time: neither side waits for the other's full pipe.
                output, complaints = process.communicate(text, timeout=self.timeout)
            except subprocess.TimeoutExpired as expired:
                _kill(process)
                raise _Failure(
                    f"was not done within {self.timeout:g} s{_last_line(expired.stderr)}; give it "
                    "a longer timeout or fewer rows at a time"
                ) from expired
            except BaseException:
                _kill(process)
                raise
        if process.returncode != 0:
            raise _Failure(f"{_end(process.returncode)}{_last_line(complaints)}")
        return output.decode("utf-8-sig", "replace")


class _Failure(Exception):
    """What went wrong, as the rest of a sentence that begins with the command."""


def _kill(process: subprocess.Popen[bytes]) -> None:
    if sys.platform != "win32":
        # The group is gone where the program ended in this very moment.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _end(status: int) -> str:
    if status < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-status).name}"
    return f"ended with exit status {status}"


def _last_line(complaints: bytes | str | None) -> str:
    text = complaints.decode("utf-8", "replace") if isinstance(complaints, bytes) else complaints
    lines = (text or "").strip().splitlines()
    return f": {_shortened(lines[-1].strip(), _LONGEST_LINE)}" if lines else ""


def _parsed(text: str, n: int) -> Array:
    """Return the numbers of ``n`` lines, (n, m); a line of names before them is passed over."""
    text = text.rstrip()
    lines = [_cells(line) for line in text.split("\n")] if text else []
    named = bool(lines) and any(lines[0]) and all(_number(cell) is None for cell in lines[0])
    after = ""
    if named:
        after = f" after the line of names {_shown(','.join(lines[0]))}"
    answers = lines[1:] if named else lines
    if len(answers) != n:
        raise _Failure(f"answered with {len(answers)} lines{after} to {n} rows")
    numbers = []
    for place, cells in enumerate(answers, start=2 if named else 1):
        row = [_number(cell) for cell in cells]
        if None in row:
            cell = cells[row.index(None)]
            raise _Failure(f"answered with {_shown(cell)} in line {place}, which is no number")
        if len(row) != len(answers[0]):
            raise _Failure(
                f"answered with {len(row)} numbers in line {place}, but with {len(answers[0])} in "
                "the first one"
            )
        numbers.append(row)
    return np.array(numbers, dtype=np.float64)


def _cells(line: str) -> list[str]:
    return [cell.strip().strip('"') for cell in line.split(",")]


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _shown(text: str) -> str:
    return repr(_shortened(text, _LONGEST_CELL))


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
