"""Files that appear when they are complete, and replace none unasked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["check_target", "complete_file"]


def check_target(path: Path, *, force: bool, option: str = "force") -> None:
    """Refuse a file that exists, unless ``force``, or that has no folder to go to.

    Parameters
    ----------
    path : Path
        Where to write.
    force : bool
        Whether an existing file may be replaced.
    option : str
        What the user calls ``force``, for the message.

    Raises
    ------
    FileExistsError, FileNotFoundError
        If so.
    """
    if path.exists() and not force:
        raise FileExistsError(f"{path} exists and was kept; {option} replaces it")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to write {path.name} to")


@contextmanager
def complete_file(path: Path) -> Iterator[Path]:
    """Give a file to write beside ``path``, which becomes ``path`` if nothing goes wrong.

    What stood there before is kept until then.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
