"""Version and dependencies stand in pyproject.toml; whatever repeats them must agree."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import pureneuron

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_version_is_the_same_everywhere():
    said = {
        "CITATION.cff": re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.M),
        "recipe": re.search(
            r'^  version: "(.+)"$', (ROOT / "packaging/conda/recipe.yaml").read_text(), re.M
        ),
    }
    assert {name: found and found[1] for name, found in said.items()} == dict.fromkeys(
        said, PROJECT["version"]
    )
    assert pureneuron.__version__ == version("pureneuron")


def test_the_recipe_has_the_dependencies():
    text = (ROOT / "packaging/conda/recipe.yaml").read_text()
    run = text.split("  run:\n")[1].split("\ntests:")[0]
    listed = {line.strip(" -").replace(" ", "") for line in run.splitlines() if line.strip()}
    python = f"python{PROJECT['requires-python']}"
    assert listed == {python, *(each.replace(" ", "") for each in PROJECT["dependencies"])}


def test_other_attributes_are_unknown():
    with pytest.raises(AttributeError, match="has no attribute 'version'"):
        _ = pureneuron.version


@pytest.mark.parametrize(
    "imports",
    [
        "from pureneuron import PureNeuronRegressor",
        "import pureneuron.recover, pureneuron.identify",
        "from pureneuron.identify import Box; from pureneuron.recover import recover",
        "import pureneuron",
    ],
)
def test_names_are_functions_and_classes_whatever_is_imported_first(imports):
    code = f"""if True:
        {imports}
        import pureneuron
        from pureneuron import recover, identify
        print([type(getattr(pureneuron, name)).__name__ for name in pureneuron.__all__])
        print(recover is pureneuron.recover, identify is pureneuron.identify)
        print(set(pureneuron.__all__) <= set(dir(pureneuron)))
    """
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines() == [
        "['type', 'type', 'function', 'function']",
        "True True",
        "True",
    ]
