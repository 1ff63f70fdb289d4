"""How long it takes from nothing to the first result, and what an import costs.

A new environment is made in a temporary folder, the package is installed into it with its extra for
reports, and a fit of ten lines is run and reported there. Imports are timed in processes of their
own, in turn, beside what scikit-learn takes alone. Writes docs/figures/first_result.md.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
import venv
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/figures/first_result.md"
REPEATS = 9
IMPORTS = {
    "scikit-learn, `sklearn.linear_model`": "import sklearn.linear_model",
    "scikit-learn, what is used of it": "import sklearn.base, sklearn.utils.validation",
    "`import pureneuron`, which imports the rest when it is asked for": "import pureneuron",
    "`from pureneuron import PureNeuronRegressor`": "from pureneuron import PureNeuronRegressor",
    "all that the package offers": "from pureneuron import *",
    "`pureneuron --help`": "from pureneuron.cli.main import run; run(['--help'])",
}
FIT = """
import numpy as np, time
start = time.perf_counter()
from pureneuron import PureNeuronRegressor
from pureneuron.datasets import make_teacher
teacher = make_teacher(10, 10, 10, rng=0)
X = np.random.default_rng(1).standard_normal((10_000, 10))
Y = teacher.predict(X) + 0.5 * np.random.default_rng(2).standard_normal((10_000, 10))
loaded = time.perf_counter()
recovery = PureNeuronRegressor(random_state=0).fit(X, Y).recovery_
fitted = time.perf_counter()
assert recovery.certified
recovery.report("report.html")
print(loaded - start, fitted - loaded, time.perf_counter() - fitted)
"""


def seconds(*command: object, folder: Path) -> float:
    """Run a command to its end, and return how long it took."""
    start = time.perf_counter()
    subprocess.run(
        [str(word) for word in command], cwd=folder, check=True, timeout=900, capture_output=True
    )
    return time.perf_counter() - start


def main() -> None:
    """Measure and write the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.perf_counter()
        venv.create(folder / "env", with_pip=True)
        made = time.perf_counter() - start
        python = folder / "env/bin/python"
        installed = seconds(python, "-m", "pip", "-q", "install", f"{ROOT}[report]", folder=folder)
        ran = subprocess.run(
            [python, "-c", FIT], cwd=folder, check=True, timeout=300, capture_output=True, text=True
        )
        first = [float(word) for word in ran.stdout.split()]
        size = (folder / "report.html").stat().st_size
        # There, not here: pip has compiled what is imported, as a user has it.
        times: dict[str, list[float]] = {each: [] for each in IMPORTS}
        for _ in range(REPEATS):
            for each, line in IMPORTS.items():
                times[each].append(seconds(python, "-c", line, folder=folder))
    rows = [
        ("new environment", made),
        ("pip install, packages from a registry nearby", installed),
        ("first import", first[0]),
        ("fit of 10,000 rows, 10×10, with all tests", first[1]),
        (f"its report, {size / 1000:.0f} kB", first[2]),
    ]
    lines = [
        "# From nothing to the first result",
        "",
        "Made by `python benchmarks/first_result.py`.",
    ]
    lines += ["", "| step | seconds |", "|---|---|"]
    lines += [f"| {what} | {spent:.2f} |" for what, spent in rows]
    lines += [f"| **all** | {sum(spent for _, spent in rows):.1f} |", ""]
    lines += [f"Imports in processes of their own, in turn, {REPEATS} times:", ""]
    lines += ["| what | seconds, median | least | over sklearn.linear_model |", "|---|---|---|---|"]
    peer = next(iter(times.values()))
    for each, spent in times.items():
        over = median(a - b for a, b in zip(spent, peer, strict=True))
        lines.append(f"| {each} | {median(spent):.2f} | {min(spent):.2f} | {over:+.2f} |")
    text = "\n".join(lines) + "\n"
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
