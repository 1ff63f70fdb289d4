import io
import subprocess
import sys

from rich.console import Console

from pureneuron.display import progress_display
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
