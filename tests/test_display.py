import io
import subprocess
import sys

import pytest
from rich.console import Console

from pureneuron.display import in_words, progress_display
from pureneuron.progress import Progress


def test_the_package_imports_no_drawing():
    code = "import sys, pureneuron, pureneuron.progress; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_progress_is_drawn_on_the_given_console():
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120)
    with progress_display(console) as draw:
        draw(Progress("data"))
        draw(Progress("refinement", 2, 5, 7, 0.125, 0.5))
    text = stream.getvalue()
    assert "refinement" in text
    assert "start 2 of at most 5, iteration 7, loss 1.250e-01, best 5.000e-01" in text


def test_questions_are_shown_where_there_is_no_loss():
    stream = io.StringIO()
    with progress_display(Console(file=stream, force_terminal=True, width=120)) as draw:
        draw(Progress("lines", iteration=1234))
    assert "1234 questions" in stream.getvalue()
    assert "iteration" not in stream.getvalue()


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (Progress("data", n_passes=1), "pass 1"),
        (
            Progress("data", n_passes=1, rows=1_250_000, rows_per_second=2.5e6),
            "pass 1: 1.2 M rows, 2.5 M rows/s, time left known from the next pass on",
        ),
        (
            Progress("data", 0, 0, 0, None, None, 2, 1_250_000, 5 * 10**9, 2500.0, 4321.0),
            "pass 2: 1.2 M of 5.0 G rows, 2.5 k rows/s, 1 h 12 min left",
        ),
        (
            Progress("refining", 1, 5, 7, 0.1, 0.2, 3, 900, 1000, 10.0, 10.0),
            "start 1 of at most 5, pass 3: 900 of 1.0 k rows, 10 rows/s, 10 s left",
        ),
        (
            Progress("data", 0, 0, 0, None, None, 2, 900, 1000, 10.0, 10.0),
            "pass 2: 900 of 1.0 k rows, 10 rows/s, 10 s left",
        ),
        (
            Progress("data", 0, 0, 0, None, None, 2, 100, 1000, 10.0, 90.0),
            "pass 2: 100 of 1.0 k rows, 10 rows/s, 1 min 30 s left",
        ),
    ],
)
def test_a_pass_in_words(moment, said):
    assert in_words(moment) == said


def test_where_there_is_no_terminal_there_is_a_line_now_and_then(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("pureneuron.display.time.perf_counter", lambda: now[0])
    stream = io.StringIO()
    with progress_display(Console(file=stream)) as draw:
        for second in range(50):
            now[0] = float(second)
            draw(Progress("refining", 1, 3, second, 0.5, n_passes=second))
    lines = stream.getvalue().splitlines()
    assert [line.split("  ")[0] for line in lines] == ["15 s", "30 s", "45 s"]
    assert lines[1] == "30 s  refining: start 1 of at most 3, iteration 30, loss 5.000e-01, pass 30"
