"""Build wheel and sdist, and try them as a user would: in a fresh environment, elsewhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("pureneuron/py.typed", "pureneuron/report/page.html", "pureneuron/report/page.css")
FIT = """
import numpy as np, pureneuron
from pureneuron.datasets import make_teacher
assert "site-packages" in pureneuron.__file__, pureneuron.__file__
teacher = make_teacher(6, 3, 4, rng=0)
X = np.random.default_rng(1).standard_normal((1000, 6))
recovery = pureneuron.PureNeuronRegressor(random_state=0).fit(X, teacher.predict(X)).recovery_
assert recovery.certified, recovery
recovery.report("report.html")
"""


def run(*command: object, folder: Path) -> str:
    """Run a command to its end, and return what it printed."""
    words = [str(word) for word in command]
    ran = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=900)
    if ran.returncode:
        sys.exit(f"{' '.join(words)} failed:\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def main() -> None:
    """Build, check, install, import, fit, check types."""
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", dist, folder=ROOT)
    run(sys.executable, "-m", "twine", "check", "--strict", *dist.iterdir(), folder=ROOT)
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    check_contents(wheel, sdist)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "env", with_pip=True)
        python = folder / "env/bin/python"
        run(python, "-m", "pip", "-q", "install", f"{wheel}[report]", "mypy", folder=folder)
        run(python, "-c", FIT, folder=folder)
        version = run(folder / "env/bin/pureneuron", "--version", folder=folder).strip()
        shutil.copy(ROOT / "packaging/typed_user.py", folder)
        run(python, "-m", "mypy", "--strict", "typed_user.py", folder=folder)
        run(python, "typed_user.py", folder=folder)
    print(
        f"{version}: {wheel.name} and {sdist.name} are in dist, and work where they are installed"
    )


def check_contents(wheel: Path, sdist: Path) -> None:
    """Refuse a wheel that lacks something or has too much, and an sdist that lacks a source."""
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    missing = [name for name in NEEDED if name not in inside]
    foreign = [name for name in inside if not name.startswith("pureneuron")]
    if missing or foreign:
        sys.exit(f"{wheel.name} lacks {missing} and has {foreign}")
    # The wheel was built from the sdist: what is in one must be in the other.
    with tarfile.open(sdist) as archive:
        source = {name.split("/", 1)[-1] for name in archive.getnames()}
    lost = [n for n in inside if "dist-info" not in n and f"src/{n}" not in source]
    if lost:
        sys.exit(f"{sdist.name} lacks {lost}")


if __name__ == "__main__":
    main()
