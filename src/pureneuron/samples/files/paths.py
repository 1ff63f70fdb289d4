"""Which files are meant: files, folders, globs, or several of these."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from pureneuron.samples.files.tables import ENDINGS, ending_of
from pureneuron.samples.listing import natural_order

__all__ = ["Paths", "find_files"]

Paths: TypeAlias = str | Path | Sequence[str | Path]


def find_files(paths: Paths) -> tuple[Path, ...]:
    """Return the files that ``paths`` means, in order.

    Parameters
    ----------
    paths : str, Path or sequence of them
        Files, folders (all files of samples in them, in natural order, without those whose names
        begin with a dot or an underscore) or patterns such as ``data/part-*.parquet``. A Zarr
        folder is one file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a folder holds no files of samples, if a file is meant twice, or if the files are of
        several formats.
    """
    items = [paths] if isinstance(paths, str | Path) else list(paths)
    files = tuple(file for item in items for file in _meant(item))
    if not files:
        raise ValueError("no file is given")
    seen = set()
    for file in files:
        resolved = file.resolve()
        if resolved in seen:
            raise ValueError(f"{file} is given twice: its rows would count twice")
        seen.add(resolved)
    endings = {_format(file): file for file in files}
    if len(endings) > 1:
        first, second, *_ = endings.values()
        raise ValueError(f"{first} and {second} are of different formats: give files of one")
    return files


def _meant(item: str | Path) -> Iterator[Path]:
    path = Path(item)
    if path.exists():
        yield from _within(path)
        return
    if not glob.has_magic(str(item)):
        raise FileNotFoundError(f"there is no file {path}")
    matches = sorted(glob.glob(str(item), recursive=True), key=natural_order)
    if not matches:
        raise FileNotFoundError(f"there is no file that matches {item}")
    for match in matches:
        yield from _within(Path(match))


def _within(path: Path) -> Iterator[Path]:
    """Yield a file itself, and of a folder the files of samples in it."""
    if path.is_file() or _is_zarr(path):
        yield path
        return
    found = [file for file in _walk(path) if ending_of(file) is not None]
    if not found:
        raise ValueError(
            f"{path} is a folder without files of samples; the known endings are "
            f"{', '.join(ENDINGS)}"
        )
    yield from found


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir(), key=lambda path: natural_order(path.name)):
        if path.name.startswith((".", "_")):
            continue
        if path.is_dir() and not _is_zarr(path):
            yield from _walk(path)
        else:
            yield path


def _is_zarr(path: Path) -> bool:
    marks = ("zarr.json", ".zgroup", ".zarray")
    return path.is_dir() and (path.suffix == ".zarr" or any((path / m).exists() for m in marks))


def _format(path: Path) -> str:
    ending = ending_of(path) or path.suffix
    alike = {".pq": ".parquet", ".hdf5": ".h5", ".arrow": ".feather"}
    return alike.get(ending, ending.removesuffix(".gz"))
