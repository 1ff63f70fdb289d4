"""A journal of passes: a folder with the merged result of each, one file a pass, numbered.

A file appears when it is complete and on the disk, whatever happens before: it is written beside,
and renamed. Results come back as they were, to the last bit
(:mod:`~pureneuron.samples.checkpoint.packing`).

A file whose contents are not what was written ends the journal there: it and all later ones are
removed, and their passes are made again. A pass with another kernel or other parameters is an
error: then another computation is going on than the one that is in the journal.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from pureneuron.samples.batch import Merged
from pureneuron.samples.checkpoint.digests import digest_of
from pureneuron.samples.checkpoint.packing import as_they_come_back, packed, unpacked
from pureneuron.samples.writing import complete_file
from pureneuron.typing import AnyArray

__all__ = ["Journal", "PassKey", "write_durably"]


@dataclass(frozen=True)
class PassKey:
    """Which pass it is.

    Attributes
    ----------
    kernel : str
        Name of the kernel, for people.
    rows : str
        Digest of how the rows are derived from those of the source.
    call : str
        Digest of kernel and parameters.
    """

    kernel: str
    rows: str
    call: str

    def difference(self, kept: PassKey) -> str:
        """Say how a pass differs from the one that is kept; empty if it does not."""
        if kept.kernel != self.kernel:
            return f"it was {kept.kernel} and is {self.kernel} now"
        if kept.rows != self.rows:
            return f"the rows are derived in another way, or by other numbers, for {self.kernel}"
        return "" if kept.call == self.call else f"{self.kernel} has other parameters"


class Journal:
    """Passes in a folder, to be gone through in order.

    Parameters
    ----------
    folder : Path
        Exists already.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_open = True
        self._n_done = 0
        self._at_end = False

    def close(self) -> None:
        """Neither give nor keep passes any more."""
        self.is_open = False

    def next(self, key: PassKey) -> list[Merged] | None:
        """Return what the next pass gave, or None if it is not in the journal.

        Raises
        ------
        ValueError
            If the next pass in the journal is another one.

        Warns
        -----
        UserWarning
            If its file is damaged.
        """
        path = self._path(self._n_done + 1)
        if self._at_end or not path.exists():
            return None
        try:
            kept, results = _read(path)
        except ValueError as error:
            warnings.warn(f"{path}: {error}; passes from there on are made again", stacklevel=2)
            return None
        if difference := key.difference(kept):
            raise ValueError(
                f"pass {self._n_done + 1} of the checkpoint {self.folder} is not that of this run: "
                f"{difference}. Data, code, libraries or processor are not the same as before; "
                "give another folder, or remove this one"
            )
        self._n_done += 1
        return results

    def keep(self, key: PassKey, results: Sequence[Merged]) -> list[Merged]:
        """Write what the next pass gave, and return it as it will come back.

        Raises
        ------
        OSError
            If it cannot be written; the passes before are kept.
        """
        self._cut()
        tensors, structure = packed(results)
        about = {**asdict(key), "results": structure, "contents": _digest(structure, tensors)}
        contents = save(tensors, metadata={"pass": json.dumps(about)})
        path = self._path(self._n_done + 1)
        try:
            write_durably(path, contents)
        except OSError as error:
            raise OSError(
                error.errno,
                f"{error.strerror}: pass {self._n_done + 1} could not be kept in the checkpoint; "
                "the passes before are, and the same command goes on from there",
                str(path),
            ) from error
        self._n_done += 1
        return as_they_come_back(results)

    def _cut(self) -> None:
        """Remove all files from the next pass on: where one is missing, later ones are in doubt."""
        if self._at_end:
            return
        for path in self.folder.glob("pass-*.safetensors"):
            if path.name >= self._path(self._n_done + 1).name:
                path.unlink()
        self._at_end = True

    def _path(self, number: int) -> Path:
        return self.folder / f"pass-{number:06d}.safetensors"


def write_durably(path: Path, contents: bytes) -> None:
    """Write a file that is there as a whole or not at all, also after a power cut.

    Raises
    ------
    OSError
        If it cannot be written; it names the file, and what stood there before is kept.
    """
    try:
        with complete_file(path) as part, part.open("wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        error.filename = str(path)  # A full disk does not say which.
        raise
    with suppress(OSError):  # Some systems do not open folders.
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read(path: Path) -> tuple[PassKey, list[Merged]]:
    """Read a pass.

    Raises
    ------
    ValueError
        If the file is damaged; the text says in what way.
    """
    try:
        with safe_open(str(path), framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            about = json.loads((file.metadata() or {})["pass"])
        if about["contents"] != _digest(about["results"], tensors):
            raise ValueError("its contents are not what was written")
        key = PassKey(about["kernel"], about["rows"], about["call"])
        return key, unpacked(tensors, about["results"])
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the file is damaged ({error})") from error


def _digest(results: str, tensors: Mapping[str, AnyArray]) -> str:
    return digest_of(results, [(name, tensors[name]) for name in sorted(tensors)])
