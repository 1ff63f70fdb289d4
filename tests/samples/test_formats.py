"""Every format, streamed in small batches, keeps the promises of a source."""

import os
import tracemalloc

import h5py
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import zarr
from pyarrow import feather, parquet
from scipy.io import savemat

from pureneuron import recover
from pureneuron.datasets import make_teacher
from pureneuron.results import Status
from pureneuron.samples import ArraySamples, StreamedSamples, read_samples, write_table
from pureneuron.samples.testing import check_source


def columns_of(X, Y, weight=None):
    columns = {f"x{j}": X[:, j] for j in range(X.shape[1])}
    columns |= {f"y{j}": Y[:, j] for j in range(Y.shape[1])}
    return columns if weight is None else columns | {"w": weight}


def arrays_of(X, Y, weight):
    return {"X": X, "Y": Y} | ({} if weight is None else {"weight": weight})


def write_parquet(folder, X, Y, weight):
    table = pa.table(columns_of(X, Y, weight))
    parquet.write_table(table, folder / "a.parquet", row_group_size=40)
    return folder / "a.parquet"


def write_lists(folder, X, Y, weight):
    table = pa.table({"x": list(X), "y": pa.array(list(Y), pa.list_(pa.float64(), Y.shape[1]))})
    table = table if weight is None else table.append_column("w", pa.array(weight))
    parquet.write_table(table, folder / "a.parquet", row_group_size=40)
    return folder / "a.parquet"


def write_folder(folder, X, Y, weight):
    part = folder / "parts"
    part.mkdir()
    (part / "_SUCCESS").touch()
    (part / ".a.parquet").touch()
    for i, start in enumerate(range(0, len(X), 9)):
        rows = slice(start, start + 9)
        columns = columns_of(X[rows], Y[rows], None if weight is None else weight[rows])
        write_table(part / f"part-{i}.parquet", columns)
    return part


def write_feather(folder, X, Y, weight):
    feather.write_feather(pa.table(columns_of(X, Y, weight)), folder / "a.feather", chunksize=40)
    return folder / "a.feather"


def write_csv(folder, X, Y, weight):
    pd.DataFrame(columns_of(X, Y, weight)).to_csv(folder / "a.csv.gz", index=False)
    return folder / "a.csv.gz"


def write_german(folder, X, Y, weight):
    frame = pd.DataFrame(columns_of(X, Y, weight))
    frame.to_csv(folder / "a.csv", index=False, sep=";", decimal=",")
    return folder / "a.csv"


def write_npz(folder, X, Y, weight):
    np.savez_compressed(folder / "a.npz", **arrays_of(X, np.asfortranarray(Y), weight))
    return folder / "a.npz"


def write_fields(folder, X, Y, weight):
    write_table(folder / "a.npy", columns_of(X, Y, weight))
    return folder / "a.npy"


def write_hdf5(folder, X, Y, weight):
    with h5py.File(folder / "a.h5", "w") as file:
        for name, array in arrays_of(X, Y, weight).items():
            file[name] = array
    return folder / "a.h5"


def write_zarr(folder, X, Y, weight):
    group = zarr.open_group(folder / "a.zarr", mode="w")
    for name, array in arrays_of(X, Y, weight).items():
        group.create_array(name, data=array, chunks=(30, *array.shape[1:]))
    return folder / "a.zarr"


def write_mat(folder, X, Y, weight):
    savemat(folder / "a.mat", arrays_of(X, Y, None if weight is None else weight[:, None]))
    return folder / "a.mat"


def write_mat_7_3(folder, X, Y, weight):
    with h5py.File(folder / "a.mat", "w", userblock_size=512) as file:
        for name, array in arrays_of(X, Y, None if weight is None else weight[:, None]).items():
            file[name] = array.T
        file.create_group("#refs#")["a"] = np.ones((3, 3))
    content = bytearray((folder / "a.mat").read_bytes())
    content[:19] = b"MATLAB 7.3 MAT-file"
    (folder / "a.mat").write_bytes(content)
    return folder / "a.mat"


WRITERS = [
    write_parquet,
    write_lists,
    write_folder,
    write_feather,
    write_csv,
    write_german,
    write_npz,
    write_fields,
    write_hdf5,
    write_zarr,
    write_mat,
    write_mat_7_3,
]
WITH_WEIGHT_BY_NAME = (write_npz, write_hdf5, write_zarr, write_mat, write_mat_7_3)


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("memory_limit", ["2 kB", "1GiB"])
def test_every_format_keeps_the_promises_of_a_source(tmp_path, write, memory_limit):
    made = []

    def make(X, Y, weight):
        folder = tmp_path / str(len(made))
        folder.mkdir()
        named = weight is not None and write not in WITH_WEIGHT_BY_NAME
        samples = read_samples(
            write(folder, X, Y, weight), weight="w" if named else None, memory_limit=memory_limit
        )
        kind = ArraySamples if memory_limit == "1GiB" else StreamedSamples
        assert isinstance(samples, kind)
        made.append(samples)
        return samples

    check_source(make)
    assert len({samples.fingerprint for samples in made}) == 2


def streamed(path, **options):
    samples = read_samples(path, memory_limit="1 kB", **options)
    assert isinstance(samples, StreamedSamples)
    return samples


def batches_of(samples):
    batches = list(samples._batches())
    return [len(batch[0]) for batch in batches], [
        np.concatenate([batch[i] for batch in batches]) for i in range(len(batches[0])) if i != 2
    ]


def numbers(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_plain_matrix_is_mapped(tmp_path, order):
    M = numbers((200, 4)).astype(np.float32)
    np.save(tmp_path / "a.npy", np.asarray(M, order=order))
    sizes, (X, Y) = batches_of(streamed(tmp_path / "a.npy", inputs="0:3"))
    assert X.dtype == np.float32
    np.testing.assert_array_equal(np.column_stack([X, Y]), M)
    assert sizes == [1] * 200


def test_a_matrix_alone_in_an_archive_has_columns_without_names(tmp_path):
    M = numbers((20, 4))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["train/data"] = M
    zarr.save_array(tmp_path / "b.zarr", M)
    savemat(tmp_path / "c.mat", {"data": M})
    for name in ("a.h5", "b.zarr", "c.mat"):
        X, Y, _ = read_samples(tmp_path / name, inputs="0:3").arrays()
        np.testing.assert_array_equal(np.column_stack([X, Y]), M)


def test_batches_are_a_small_part_of_the_limit_and_small_pieces_are_joined(tmp_path):
    X, Y = numbers((4000, 4)), numbers((4000, 2))
    write_parquet(tmp_path, X, Y, None)
    samples = read_samples(tmp_path / "a.parquet", memory_limit="100kB")
    sizes, (found, _) = batches_of(samples)
    np.testing.assert_array_equal(found, X)
    assert max(sizes) * 6 * 8 <= 100_000 / 32
    assert min(sizes[:-1]) > 40


def test_groups_are_the_same_in_memory_and_streamed(tmp_path):
    X, Y = numbers((60, 2)), numbers((60, 1))
    day = np.array(["mon", "tue", "wed"])[np.arange(60) % 3]
    for name, labels in (("a", day), ("b", np.arange(60) // 20)):
        write_table(tmp_path / f"{name}.parquet", columns_of(X, Y) | {"day": labels})
        _, (*_, keys) = batches_of(streamed(tmp_path / f"{name}.parquet", groups="day"))
        assert len(set(keys.tolist())) == 3
        assert all(len(set(keys[labels == label].tolist())) == 1 for label in set(labels.tolist()))
    (tmp_path / "c.parquet").write_bytes((tmp_path / "b.parquet").read_bytes())
    with pytest.raises(ValueError, match=r"c\.parquet has a number for a group label"):
        batches_of(streamed([tmp_path / "a.parquet", tmp_path / "c.parquet"], groups="day"))


# Files that are not what they were, or not alike


def test_a_fit_of_streamed_parquet_equals_the_fit_in_memory(tmp_path):
    teacher = make_teacher(4, 2, 3, rng=0)
    X = numbers((2000, 4))
    Y = teacher.predict(X) + 0.1 * numbers((2000, 3), seed=1)
    for i in range(4):
        rows = slice(500 * i, 500 * (i + 1))
        write_table(tmp_path / f"part-{i}.parquet", columns_of(X[rows], Y[rows]))
    stream = recover(read_samples(tmp_path / "part-*.parquet", memory_limit="50kB"), 2, rng=0)
    memory = recover(read_samples(tmp_path), 2, rng=0)
    assert memory.status is stream.status is Status.RECOVERED
    np.testing.assert_allclose(stream.network.W, memory.network.W, rtol=1e-6)
    np.testing.assert_allclose(stream.network.A, memory.network.A, rtol=1e-6)


def test_a_file_with_other_columns_is_named(tmp_path):
    write_table(tmp_path / "a.parquet", columns_of(numbers((5, 3)), numbers((5, 1))))
    write_table(tmp_path / "b.parquet", columns_of(numbers((5, 2)), numbers((5, 2))))
    message = r"b\.parquet has other columns than .*a\.parquet: it lacks x2 and it adds y1"
    with pytest.raises(ValueError, match=message):
        read_samples(tmp_path)


@pytest.mark.parametrize("write", [write_parquet, write_csv, write_npz, write_hdf5, write_zarr])
def test_a_file_that_changes_between_passes_is_named(tmp_path, write):
    path = write(tmp_path, numbers((50, 3)), numbers((50, 1)), None)
    samples = streamed(path)
    batches_of(samples)
    changed = path if path.is_file() else next(p for p in path.rglob("*") if p.is_file())
    before = changed.stat()
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns + 10**10))
    with pytest.raises(ValueError, match=rf"{path.name} has changed since it was opened"):
        batches_of(samples)
    assert read_samples(path).fingerprint != samples.fingerprint


def test_a_corrupt_row_group_is_named_where_it_is(tmp_path):
    X, Y = numbers((4000, 3)), numbers((4000, 1))
    parquet.write_table(pa.table(columns_of(X, Y)), tmp_path / "a.parquet", row_group_size=1000)
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    middle = len(content) // 2
    content[middle : middle + 30000] = bytes(30000)
    (tmp_path / "a.parquet").write_bytes(content)
    samples = streamed(tmp_path / "a.parquet")
    with pytest.raises(ValueError, match=r"a\.parquet is not a readable Parquet file"):
        batches_of(samples)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (write_feather, "is not a readable Arrow file"),
        (write_csv, "is not a readable CSV file"),
        (write_hdf5, "is not a readable HDF5 file"),
        (write_mat, "is not a readable MATLAB file"),
    ],
)
def test_a_file_that_is_cut_short_is_named(tmp_path, write, message):
    path = write(tmp_path, numbers((20_000, 3)), numbers((20_000, 1)), None)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=rf"{path.name} {message}"):
        read_samples(path)


def test_a_damaged_archive_is_named(tmp_path):
    path = write_npz(tmp_path, numbers((5000, 3)), numbers((5000, 1)), None)
    content = bytearray(path.read_bytes())
    content[20_000:20_100] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.npz is damaged or cut short: rows 0 to 5000 of X"):
        read_samples(path)


def test_a_folder_without_arrays_is_no_zarr_group(tmp_path):
    (tmp_path / "a.zarr").mkdir()
    with pytest.raises(ValueError, match=r"a\.zarr is not a readable Zarr group"):
        read_samples(tmp_path / "a.zarr")


# Lists


def test_lists_of_other_lengths_are_refused_by_row(tmp_path):
    lists = [[1.0, 2.0], [3.0, 4.0], [5.0], None]
    for rows, what in ((lists[:3], r"a list of 1 in row 2"), ([*lists[:2], None], "no list in")):
        table = pa.table({"emb": rows, "y0": [1.0] * len(rows)})
        parquet.write_table(table, tmp_path / "a.parquet")
        with pytest.raises(ValueError, match=f"column emb of .*a.parquet has {what}"):
            read_samples(tmp_path / "a.parquet", inputs="emb*")


def test_lists_from_polars_are_numbered_columns(tmp_path):
    M = numbers((6, 12)).astype(np.float32)
    frame = pl.DataFrame(
        {"x": pl.Series(M, dtype=pl.Array(pl.Float32, 12)), "y": M[:, :2].tolist()}
    )
    frame.write_parquet(tmp_path / "a.parquet")
    samples = read_samples(tmp_path / "a.parquet")
    assert samples.input_names == tuple(f"x{j}" for j in range(12))
    np.testing.assert_array_equal(samples.arrays()[0], M)
    np.testing.assert_array_equal(samples.arrays()[1], M[:, :2])
    some = read_samples(tmp_path / "a.parquet", inputs="x3,x1", outputs="y1")
    np.testing.assert_array_equal(some.arrays()[0], M[:, [3, 1]])


@pytest.mark.parametrize("write", [write_parquet, write_feather, write_npz, write_hdf5])
def test_blocks_take_no_more_memory_than_they_must(tmp_path, write):
    X, Y = numbers((60_000, 8)), numbers((60_000, 2))
    path = write(tmp_path, X, np.ascontiguousarray(Y), None)
    samples = read_samples(path, memory_limit="2MB")
    assert isinstance(samples, StreamedSamples)
    tracemalloc.start()
    before, peak, rows = pa.total_allocated_bytes(), 0, 0
    for batch in samples._batches():
        rows += len(batch[0])
        peak = max(peak, pa.total_allocated_bytes() - before)
    peak += tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == 60_000
    assert peak < 2_400_000  # All rows are 4.8 MB; of an archive, Y is read whole.
