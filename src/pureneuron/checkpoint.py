"""A run that is kept in a folder as it goes on, and goes on from there when it is started again.

The folder has a file a pass (:mod:`~pureneuron.samples.checkpoint.journal`), and ``run.json``,
which says of which data, options, seed and versions they are. A run that has others is refused.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np

from pureneuron.options import Options
from pureneuron.samples import Samples
from pureneuron.samples.checkpoint.digests import checksum_of_rows, digest_of
from pureneuron.samples.checkpoint.journal import Journal, write_durably
from pureneuron.samples.checkpoint.samples import CheckpointedSamples

with suppress(ImportError):  # Not on Windows, where two runs in one folder go unnoticed.
    import fcntl

__all__ = ["Checkpoint"]

_HEADER, _LOCK, _FORMAT = "run.json", "lock", 1
# How long a run may take, and on how many cores, changes nothing in what its passes give.
_FREE_OPTIONS = ("time_limit", "n_jobs")
# Where rounding may hang on them.
_LIBRARIES = ("pureneuron", "numpy", "scipy")
_PARTS = {"versions", "data", "options", "seed"}
_LISTED = 80


class Checkpoint:
    """What a run has kept, and where it keeps the rest; a context within which it does.

    Once the context is left, passes are made and not kept. What an interrupt or a time limit makes
    of the run is no part of it.

    Parameters
    ----------
    folder : str, Path or None
        Where; made if it is not there. None keeps nothing.
    samples : Samples
        The data. Without a ``fingerprint`` of their own they get one, which takes a pass.
    options : Options
        What is asked for.
    rng : Generator, int or None
        Source of randomness. None draws a seed, which is kept.

    Attributes
    ----------
    samples : Samples
        The data, with passes that are kept.
    rng : Generator
        The source of randomness, as it was when the run was first started.

    Raises
    ------
    ValueError
        If the folder has the checkpoint of another run, or something else, or is in use.
    OSError
        If it cannot be read or written.
    """

    def __init__(
        self,
        folder: str | Path | None,
        samples: Samples,
        options: Options,
        rng: np.random.Generator | int | None,
    ) -> None:
        self.samples, self.rng = samples, np.random.default_rng(rng)
        self._journal: Journal | None = None
        self._lock: IO[str] | None = None
        if folder is None:
            return
        self._path = Path(folder) / _HEADER
        if self._path.parent.is_file():
            raise ValueError(f"checkpoint must name a folder, and {self._path.parent} is a file")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self._path.parent)
        try:
            self._open(samples, options, seeded=rng is not None)
        except BaseException:
            self._lock.close()
            raise

    def _open(self, samples: Samples, options: Options, *, seeded: bool) -> None:
        kept = _read_header(self._path)
        drawn = None
        if not seeded:
            drawn = _seed_drawn(kept)
            self.rng = np.random.default_rng(drawn)
        self._header = {
            "format": _FORMAT,
            "versions": {name: version(name) for name in _LIBRARIES},
            "data": _data(samples),
            "options": _options(options),
            "seed": {"drawn": drawn, "state": _state(self.rng)},
        }
        if kept is None:
            self._write(finished=False)
        else:
            _refuse_another(self._path.parent, kept, self._header)
        for part in self._path.parent.glob(".*.part"):
            part.unlink()  # A run was killed in the middle of a file.
        self._journal = Journal(self._path.parent)
        self.samples = CheckpointedSamples(samples, self._journal)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._journal is not None:
            self._journal.close()
            if kind is None:
                with suppress(OSError):  # All passes are there, which is what counts.
                    self._write(finished=True)
        if self._lock is not None:
            self._lock.close()

    def _write(self, *, finished: bool) -> None:
        text = json.dumps({**self._header, "finished": finished}, indent=1)
        write_durably(self._path, text.encode())


def _locked(folder: Path) -> IO[str]:
    """Hold a folder for one run; the system lets go of it when the process ends, in any way."""
    lock = (folder / _LOCK).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise ValueError(
            f"another run keeps its checkpoint in {folder} at this moment: wait for it, or give "
            "another folder"
        ) from None
    except (NameError, OSError):
        pass  # This system or this disk knows no locks.
    return lock


def _read_header(path: Path) -> dict[str, Any] | None:
    folder = path.parent
    try:
        header = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if any(folder.glob("pass-*.safetensors")):
            raise ValueError(
                f"{folder} has passes of a run and no {_HEADER} that says of which: give another "
                "folder, or remove this one"
            ) from None
        return None
    except ValueError:
        header = None
    if not (isinstance(header, dict) and header.get("format") == _FORMAT and _PARTS <= set(header)):
        raise ValueError(
            f"{path} is not that of a checkpoint that this version can read: give another folder, "
            "or remove this one"
        )
    return header


def _seed_drawn(kept: dict[str, Any] | None) -> int:
    """Return the seed that an earlier start has drawn, or draw one."""
    drawn = None if kept is None else kept["seed"]["drawn"]
    entropy = np.random.SeedSequence().entropy if drawn is None else drawn
    return int(entropy)  # type: ignore[arg-type]


def _state(rng: np.random.Generator) -> str:
    generator = rng.bit_generator
    seed = getattr(generator, "seed_seq", None)
    spawning = [
        getattr(seed, name, None) for name in ("entropy", "spawn_key", "n_children_spawned")
    ]
    return digest_of(generator.state, spawning)


def _data(samples: Samples) -> dict[str, Any]:
    fingerprint = getattr(samples, "fingerprint", None)
    return {
        "input names": list(samples.input_names),
        "output names": list(samples.output_names),
        "rows": checksum_of_rows(samples) if fingerprint is None else str(fingerprint),
    }


def _options(options: Options) -> dict[str, Any]:
    values = {field.name: getattr(options, field.name) for field in fields(options)}
    return {name: _plain(value) for name, value in values.items() if name not in _FREE_OPTIONS}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return f"{type(value).__name__} {digest_of(value)}"
    return value.item() if isinstance(value, np.generic) else value


def _refuse_another(folder: Path, kept: dict[str, Any], header: dict[str, Any]) -> None:
    """Refuse a checkpoint of another run, and say in what it is another."""
    was, now = kept["data"], header["data"]
    differences = [
        *_differences(kept["versions"], header["versions"], "the version of "),
        *(f"the data have other {name}" for name in now if was.get(name) != now[name]),
        *_differences(kept["options"], header["options"], ""),
    ]
    if kept["seed"] != header["seed"]:
        differences.append("the random seed is another")
    if differences:
        raise ValueError(
            f"{folder} is the checkpoint of another run: {'; '.join(differences)}. Start this one "
            "in another folder, or remove that one"
        )


def _differences(kept: dict[str, Any], now: dict[str, Any], what: str) -> list[str]:
    names = [name for name in {**kept, **now} if kept.get(name) != now.get(name)]
    return [
        f"{what}{name} was {_short(kept.get(name))} and is {_short(now.get(name))} now"
        for name in names
    ]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LISTED else f"{text[: _LISTED - 1]}…"
