"""Files as people have them, at the command line."""

import json

import numpy as np
import pandas as pd
import pytest

from pureneuron.datasets import make_teacher
from pureneuron.samples import write_table

D, K, M, N = 4, 2, 3, 600
TEACHER = make_teacher(n_inputs=D, n_neurons=K, n_outputs=M, rng=0)


def frame(n=N):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((n, D))
    Y = TEACHER.predict(X) + 0.01 * rng.standard_normal((n, M))
    return pd.DataFrame(np.column_stack([X, Y]), columns=["x0", "x1", "x2", "x3", "y0", "y1", "y2"])


@pytest.fixture
def parts(tmp_path):
    """Three files with rows that are good, and some that are not."""
    table = frame().assign(trial=np.arange(N) // 200)
    table.loc[table.trial == 1, "y0"] = 1e3
    folder = tmp_path / "data"
    folder.mkdir()
    for i in range(3):
        table[200 * i : 200 * (i + 1)].to_parquet(folder / f"part-{i}.parquet")
    return folder


def test_folders_patterns_filters_and_limits(parts, tmp_path, command):
    model = tmp_path / "m.safetensors"
    found = []
    for samples in ([parts], [parts / "part-*.parquet"], [*sorted(parts.iterdir())]):
        for more in ((), ("--memory-limit", "10kB")):
            status, out, err = command(
                "fit", *samples, "-k", K, "--json", "--filter", "trial != 1", *more
            )
            assert (status, err) == (0, "")
            found.append(json.loads(out))
    losses = [record["loss"] for record in found]
    np.testing.assert_allclose(losses, losses[0], rtol=1e-6)
    assert command("fit", parts, "-k", K, "--filter", "trial != 1", "-o", model)[0] == 0
    arguments = ("predict", model, parts, "-o", tmp_path / "p.csv", "--json")
    record = json.loads(command(*arguments, "--filter", "trial == 2")[1])
    assert record["n_rows"] == 200
    assert record["mean_squared_residual"] < 2e-4
    options = ("--samples", parts, "--filter", "trial == 0", "--json")
    assert command("compare", model, model, *options)[0] == 0
    status, out, _ = command("diagnose", parts, "-k", K, "--filter", "trial != 1", "--json")
    assert (status, json.loads(out)["samples"]) == (0, [str(parts)])


def test_columns_that_are_left_out_are_said(tmp_path, command, refused):
    path = tmp_path / "a.csv"
    write_table(path, {name: column for name, column in frame().items() if name != "x1"})
    assert "has columns x0, x2, x3, but no x1" in refused("fit", path)
    assert "--inputs 'x*'" in refused("diagnose", path)
    note = f"{path} also has columns x3, which look like inputs and are left out"
    status, out, err = command("fit", path, "-k", 1, "--inputs", "x0,x2", "--json")
    assert note in json.loads(out)["notes"]
    assert f"Note: {note}" in err.replace("\n", " ")
    assert status in (0, 1)


def test_text_files_are_asked_about_in_options(tmp_path, command, refused):
    path = tmp_path / "a.csv"
    frame().round(3).to_csv(path, sep="/", decimal=",", index=False)
    error = refused("fit", path, "-k", K)
    assert "x0/x1/x2/x3/y0/y1/y2" in error
    assert "--decimal ," in refused("fit", path, "-k", K, "--delimiter", "/", "--decimal", ".")
    status, _, _ = command("fit", path, "-k", K, "--delimiter", "/", "--quiet")
    assert status == 0
    assert "--memory-limit" in refused("fit", path, "--memory-limit", "much")
    assert "one character, or 'tab', is expected" in refused("fit", path, "--delimiter", "::")
    assert "--encoding klingon is not known" in refused("fit", path, "--encoding", "klingon")
