"""Pictures are drawn without a window, and none stays open."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    import matplotlib.pyplot as plt

    plt.switch_backend("Agg")
    yield
    plt.close("all")
