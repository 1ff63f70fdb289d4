"""Run the examples of docs/trust.md, and write what each prints beneath it.

    python benchmarks/trust.py [--page docs/trust.md]

The blocks of Python on the page run in their order, in one session, as if they were typed.
"""

from __future__ import annotations

import argparse
import io
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

_EXAMPLE = re.compile(r"```python\n(?P<code>.*?)```\n(?:\n```text\n.*?```\n)?", re.DOTALL)


def made_again(page: str) -> str:
    """Return the page with the output of its examples as it is now."""
    session: dict[str, Any] = {}

    def run(example: re.Match[str]) -> str:
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(example["code"], session)
        lines = "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines())
        output = f"\n```text\n{lines}```\n" if lines else ""
        return f"```python\n{example['code']}```\n{output}"

    return _EXAMPLE.sub(run, page)


def main() -> None:
    """Make the page again."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--page", type=Path, default=Path("docs/trust.md"))
    page = parser.parse_args().page
    page.write_text(made_again(page.read_text()))


if __name__ == "__main__":
    main()
