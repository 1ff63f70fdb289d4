"""What a user sees: help, completion, colours, narrow terminals, misspelt names."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import numpy as np
import pytest
import rich_click as click
from rich.console import Console

from command_line import process
from pureneuron.cli import terminal
from pureneuron.cli.examples import GROUPS, HELP
from pureneuron.cli.main import commands, imported
from pureneuron.datasets import make_teacher
from pureneuron.display import progress_display
from pureneuron.progress import Progress
from pureneuron.samples import write_table

INPUTS = ("stim_left [mV]", "stim_right [mV]", "stim_up [mV]", "stim_down [mV]")
OUTPUTS = ("rate[red]", "rate[/green]", "rate[bold]")
ASKED = ("--inputs", "stim*", "--outputs", "rate*")
ESCAPE = "\x1b"


@pytest.fixture
def recording(tmp_path):
    teacher = make_teacher(n_inputs=4, n_neurons=2, n_outputs=3, rng=0)
    rng = np.random.default_rng(1)
    X = rng.standard_normal((600, 4))
    Y = teacher.predict(X) + 0.05 * rng.standard_normal((600, 3))
    path = tmp_path / "recording.csv"
    write_table(path, dict(zip(INPUTS + OUTPUTS, np.column_stack([X, Y]).T, strict=True)))
    return path


def environment(**changes):
    """Return the variables of this process without those that decide about colours."""
    decide = ("NO_COLOR", "FORCE_COLOR", "TERM", "COLORTERM", "COLUMNS", "TTY_COMPATIBLE")
    return {k: v for k, v in os.environ.items() if k not in decide} | changes


# help


def test_every_command_has_a_place_and_help():
    listed = [name for names in GROUPS.values() for name in names]
    assert sorted(listed) == sorted(HELP) == sorted(commands.commands)


@pytest.mark.parametrize("name", HELP)
def test_the_list_of_commands_says_what_their_help_says(name):
    assert imported(name).get_short_help_str(limit=200) == HELP[name].summary


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["ft"]])
def test_what_computes_nothing_imports_no_numerics(arguments):
    code = (
        "import sys; from pureneuron.cli.main import run; run(sys.argv[1:]);"
        "print('numpy' in sys.modules, 'pureneuron.recover' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines()[-1] == "False False"


def test_an_interrupt_while_the_numerics_are_imported():
    code = """if True:
        import os, signal, sys
        from pureneuron.cli import main

        class Interrupting:
            def find_spec(name, path=None, target=None):
                if name == "pureneuron.recover":
                    os.kill(os.getpid(), signal.SIGINT)

        sys.meta_path.insert(0, Interrupting)
        main()
    """
    done = subprocess.run(
        [sys.executable, "-c", code, "fit", "samples.csv"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.strip() == "Error: interrupted"


@pytest.mark.parametrize("name", HELP)
def test_examples_are_command_lines_that_can_be_read(name):
    for example in HELP[name].examples:
        program, command, *arguments = shlex.split(example)
        assert (program, command) == ("pureneuron", name)
        # Whatever is misspelt there is an error here; nothing runs.
        found = imported(command)
        context = found.make_context(command, list(arguments))
        if isinstance(found, click.Group):
            rest = [*context._protected_args, *context.args]
            found.commands[rest[0]].make_context(rest[0], rest[1:])


@pytest.mark.parametrize("columns", [50, 80])
@pytest.mark.parametrize("name", ["", *HELP])
def test_help_shows_examples_and_exit_statuses_whole(name, columns, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    status, out, _ = command(*name.split(), "--help")
    assert status == 0
    lines = out.splitlines()
    assert max(map(len, lines)) <= columns
    shown = " ".join(out.split())
    assert "2 bad usage or bad input" in shown
    for example in HELP[name].examples if name else ():
        assert f"$ {example}" in shown
    assert "…" not in "".join(line for line in lines if "│" not in line)


# completion


def completed(*words, shell="bash"):
    done = subprocess.run(
        [sys.executable, "-c", "from pureneuron.cli import main; main()"],
        env=environment(
            _PURENEURON_COMPLETE=f"{shell}_complete",
            COMP_WORDS=shlex.join(["pureneuron", *words]),
            COMP_CWORD=str(len(words)),
        ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["f"], ["plain,fit"]),
        (["fit", "--hid"], ["plain,--hidden-bias"]),
        (["fit", "--init", "m"], ["plain,moments"]),
        (["fit", "rec"], ["file,rec"]),
        (["predict", "mod"], ["file,mod"]),
        (["fit", "a.csv", "-o", "mod"], ["file,mod"]),
        (["fit", "a.csv", "--checkpoint", "run"], ["dir,run"]),
        (["compare", "a", "b", "--samples", "rec"], ["file,rec"]),
    ],
)
def test_completion(words, expected):
    assert completed(*words) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell(shell):
    done = process(env=environment(_PURENEURON_COMPLETE=f"{shell}_source"))
    assert done.returncode == 0
    assert "_PURENEURON_COMPLETE" in done.stdout


# colours


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colours_in_a_pipe(variables, coloured, recording):
    done = process("fit", recording, *ASKED, env=environment(TERM="xterm-256color", **variables))
    assert done.returncode == 0
    assert (f"{ESCAPE}[1;32mRECOVERED" in done.stdout) is coloured
    assert "FORCE_COLOR" in variables or ESCAPE not in done.stdout
    assert done.stderr == ""  # No moving line, not even with colours.
    said = process("fit", "none.csv", env=environment(TERM="xterm-256color", **variables))
    assert (f"{ESCAPE}[1;31mError" in said.stderr) is coloured


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
@pytest.mark.parametrize(
    ("variables", "colours"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colours_on_a_terminal(variables, colours):
    reading, writing = os.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "pureneuron", "fit", "none.csv"],
            stderr=writing,
            env=environment(**variables),
            timeout=60,
            check=False,
        )
        shown = os.read(reading, 10_000).decode()
    finally:
        os.close(reading)
        os.close(writing)
    assert "there is no file none.csv" in shown
    # Bold is no colour.
    assert ("31m" in shown) is colours


@pytest.mark.parametrize("variables", [{"FORCE_COLOR": "1"}, {"TERM": "dumb"}])
def test_progress_without_a_cursor_is_lines(variables, tmp_path, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    # A clock that has gone on by a minute each time it is read.
    now = iter(range(0, 6000, 60))
    monkeypatch.setattr("pureneuron.display.time.perf_counter", lambda: float(next(now)))
    path = tmp_path / "log"
    with path.open("w") as log, progress_display(Console(file=log)) as callback:
        callback(Progress("multistart", 1, 3, 5, 0.5, 0.5, 2))
    assert path.read_text().startswith("1 min 00 s  multistart: start 1 of at most 3")
    assert "\r" not in path.read_text()
    assert ESCAPE not in path.read_text()


# narrow terminals, and names with brackets


@pytest.mark.parametrize("width", [40, 50, 80])
def test_tables_are_wrapped_and_never_cut(width, capsys, monkeypatch):
    monkeypatch.setattr(terminal, "_out", Console(width=width, highlight=False))
    rows = [("0", "0.0016", "0.0017 (stim_left [mV])", "-0.784291 (rate[/green])")]
    terminal.print_table(["neuron", "W, mostly", "largest", "largest of A"], rows)
    shown = capsys.readouterr().out
    assert "…" not in shown
    for word in ("0.0016", "(stim_left", "[mV])", "-0.784291"):
        assert word in shown
    assert "(rate[/green])" in "".join(
        line.split()[-1] for line in shown.splitlines()[3:] if line.split()
    )
    if width >= 50:
        assert max(map(len, shown.splitlines())) <= width


@pytest.mark.parametrize("columns", [50, 80])
def test_names_with_brackets_are_no_markup(columns, recording):
    done = process("fit", recording, *ASKED, env=environment(COLUMNS=str(columns)))
    assert done.returncode == 0
    assert "[mV])" in done.stdout
    assert "…" not in done.stdout
    assert done.stderr == ""


# misspelt names


@pytest.mark.parametrize(
    ("option", "asked", "example"),
    [
        ("--inputs", "stim_lef [mV]", "--inputs 'stim_left [mV]'"),
        ("--inputs", "STIM_RIHGT [mv]", "--inputs 'stim_right [mV]'"),
        ("--inputs", "stm_*", "--inputs 'stim_*'"),
        ("--outputs", "rate[rad]", "--outputs 'rate[red]'"),
        ("--weight", "stim_dwn [mV]", "--weight 'stim_down [mV]'"),
        ("--groups", "stim_upp [mV]", "--groups 'stim_up [mV]'"),
    ],
)
def test_the_nearest_column_and_the_option(option, asked, example, recording, refused):
    others = [part for part in zip(ASKED[::2], ASKED[1::2], strict=True) if part[0] != option]
    arguments = [word for part in others for word in part]
    said = refused("fit", recording, *arguments, option, asked)
    assert f"no column that matches {asked!r}" in said
    assert said.endswith(f"; ask for the nearest, as in {example}\n")


def test_the_nearest_column_of_a_filter(recording, refused):
    said = refused("fit", recording, *ASKED, "--filter", "`stim_lef [mV]` > 0")
    assert said.endswith("; the nearest is 'stim_left [mV]'\n")


def test_nothing_is_near(recording, refused):
    said = refused("fit", recording, "--inputs", "q")
    assert "nearest" not in said
    assert "its columns are stim_left [mV]" in said


def test_misspelt_options_and_commands(recording, refused):
    said = refused("fit", recording, "--hiden-bias")
    assert "--hidden-bias" in said
    assert said.endswith("'pureneuron fit --help' lists them.\n")
    assert refused("ft").endswith("'pureneuron --help' lists them.\n")
    assert "'auto', 'moments', 'random'" in refused("fit", recording, "--init", "moment")
