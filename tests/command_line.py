"""The command line as a process, and what it must not say."""

from __future__ import annotations

import re
import subprocess
import sys

# Words of the library that have others on the command line.
PYTHON = re.compile(
    r"\b[a-z_]+='|=True|=False|\b(max_iter|n_[a-z]+|sample_weight|negative_slope)\b"
)


def process(*arguments, **options):
    """Run ``pureneuron`` with these arguments, and return what became of it."""
    return subprocess.run(
        [sys.executable, "-m", "pureneuron", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )
