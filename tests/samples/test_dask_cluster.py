"""A cluster of two worker processes on this machine: the same answers, whoever dies."""

from __future__ import annotations

import logging
import os
import signal

import numpy as np
import pytest

pytest.importorskip("distributed")
pytest.importorskip("dask.dataframe")

import dask.array as da
import dask.dataframe as dd
import distributed
import pandas as pd

from pureneuron import PureNeuronRegressor, recover
from pureneuron.cli.main import run
from pureneuron.datasets import make_teacher
from pureneuron.model import TwoLayerNetwork
from pureneuron.results import Status
from pureneuron.samples import ArraySamples, Batch, Stacked
from pureneuron.samples.dask import DaskSamples
from pureneuron.samples.testing import check_source

pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            memory_limit="1GiB",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


def on_workers(client, X, Y, *others, rows=(2500, 0, 1500, 2000)):
    parts = (da.from_array(M, chunks=(rows, M.shape[1])) for M in (X, Y))
    return DaskSamples.from_arrays(*parts, *others, client=client)


def noisy(n=6000, d=5, k=3, m=4):
    rng = np.random.default_rng(0)
    teacher = make_teacher(d, k, m, rng=rng)
    X = rng.standard_normal((n, d))
    Y = teacher.predict(X) + 0.1 * rng.standard_normal((n, m))
    return X, Y, rng.uniform(0.5, 2.0, n), np.arange(n) // 50


def test_a_cluster_keeps_the_promises_of_a_source(client):
    def make(X, Y, weight):
        return on_workers(client, X, Y, weight, rows=(20, 1, 0, 50, 26))

    check_source(make)


def test_rows_are_on_the_workers_and_blas_has_one_thread(client):
    X, Y, *_ = noisy()
    seen = on_workers(client, X, Y).reduce(_places)
    assert os.getpid() not in seen["pid"]
    assert (seen["threads"] == 1).all()


def _places(batch: Batch) -> dict[str, Stacked]:
    from threadpoolctl import threadpool_info

    threads = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
    return {"pid": Stacked(np.array([os.getpid()])), "threads": Stacked(np.array(threads))}


def killing(client, at):
    """Return a callback that kills a worker at these of its calls, one and the other by turns."""
    calls, killed = [], []

    def callback(progress):
        calls.append(progress)
        if len(calls) in at:
            workers = sorted(client.nthreads())
            address = workers[len(killed) % len(workers)]
            pid = client.run(os.getpid, workers=[address])[address]
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

    return callback, killed


def test_a_fit_equals_the_one_in_memory_also_when_workers_die(client):
    X, Y, *others = noisy()
    memory = recover(ArraySamples(X, Y, others[0], groups=others[1]), 3, rng=0)
    whole = recover(on_workers(client, X, Y, *others), 3, rng=0)
    assert whole.status is memory.status is Status.RECOVERED
    np.testing.assert_allclose(whole.network.W, memory.network.W, rtol=1e-6)
    np.testing.assert_allclose(whole.network.A, memory.network.A, rtol=1e-6)

    callback, killed = killing(client, at=(3, 7))
    fit = recover(on_workers(client, X, Y, *others), 3, rng=0, callback=callback)
    assert len(set(killed)) == 2
    assert fit.status is Status.RECOVERED
    np.testing.assert_array_equal(fit.network.W, whole.network.W)
    np.testing.assert_array_equal(fit.network.A, whole.network.A)


def test_the_estimator_uses_the_current_client(client):
    X, Y, *_ = noisy()
    parts = (da.from_array(M, chunks=(3000, M.shape[1])) for M in (X, Y))
    with client.as_current():
        fit = PureNeuronRegressor(3, random_state=0).fit(*parts)
    plain = PureNeuronRegressor(3, random_state=0).fit(X, Y)
    np.testing.assert_allclose(fit.components_, plain.components_, rtol=1e-6)


@pytest.fixture
def folder(tmp_path):
    X, Y, _, groups = noisy()
    columns = {f"x{j}": X[:, j] for j in range(5)} | {f"y{j}": Y[:, j] for j in range(4)}
    frame = pd.DataFrame(columns | {"session": groups})
    (tmp_path / "parts").mkdir()
    for i in range(4):
        # Files come in natural order: 9 before 10.
        path = tmp_path / "parts" / f"part-{i + 8}.parquet"
        frame[1500 * i : 1500 * (i + 1)].to_parquet(path)
    frame.to_parquet(tmp_path / "all.parquet")
    return tmp_path


@pytest.mark.parametrize("what", ["parts/part-*.parquet", "all.parquet"])
def test_the_command_line_has_workers_read_files(client, folder, what, capsys):
    model = folder / "m.safetensors"
    arguments = ["fit", "-k", "3", "--groups", "session", "--quiet", "-o", str(model)]
    address = client.scheduler.address
    assert run([*arguments, str(folder / what), "--dask", address]) == 0
    assert capsys.readouterr().out.startswith("RECOVERED")
    there = TwoLayerNetwork.load(model)
    assert run([*arguments, "--force", str(folder / "all.parquet")]) == 0
    here = TwoLayerNetwork.load(model)
    np.testing.assert_allclose(there.W, here.W, rtol=1e-6)
    np.testing.assert_allclose(there.A, here.A, rtol=1e-6)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("texts/*.csv", "with --dask, files must be Parquet"),
        ("none/*.parquet", "there is no file"),
        ("parts", "cannot be read"),
    ],
)
def test_the_command_line_refuses_what_workers_cannot_read(client, folder, what, message, capsys):
    path = folder / "parts" / "part-9.parquet"
    pd.read_parquet(path).drop(columns="x3").to_parquet(path)
    (folder / "texts").mkdir()
    pd.read_parquet(path).to_csv(folder / "texts" / "samples.csv")
    status = run(["fit", str(folder / what), "-k", "3", "--dask", client.scheduler.address])
    assert status == 2
    said = " ".join(capsys.readouterr().err.split())
    assert message in said
    assert "partition 1" in said or what != "parts"


def test_a_scheduler_that_is_not_there_is_named(folder, capsys, monkeypatch):
    monkeypatch.setattr("pureneuron.cli.cluster._SECONDS", 1)
    arguments = ["fit", str(folder / "parts"), "-k", "3", "--dask", "tcp://127.0.0.1:1"]
    assert run(arguments) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "no Dask scheduler answers at tcp://127.0.0.1:1" in said


def test_a_frame_is_read_where_it_is(client, folder):
    frame = dd.read_parquet(folder / "parts")
    samples = DaskSamples.from_frame(frame, groups="session", client=client)
    assert samples.n_rows == 6000
    np.testing.assert_array_equal(samples.take(np.array([1500])).arrays()[0][0], noisy()[0][1500])
    assert os.getpid() not in samples.reduce(_places)["pid"]
