"""The report as a browser shows it: it renders, reports no error, and hostile names stay text."""

import json
import shutil
import subprocess

import pytest

from reported import HOSTILE, fitted

pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium"),
]

# No profile of the user's, and no look at the network.
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
# Asks the page about itself, and leaves the answer in its title.
PROBE = """
<script>
const seen = [...document.querySelectorAll('[role=img]')].map(each => {
  const box = each.querySelector('svg').getBoundingClientRect();
  return {label: each.getAttribute('aria-label'), width: box.width, height: box.height};
});
const wide = document.documentElement.scrollWidth;
document.body.setAttribute('data-seen', JSON.stringify({seen, wide, inner: innerWidth}));
</script>
"""


def rendered(path, folder, *, width):
    command = [
        *("chromium", *FLAGS, f"--user-data-dir={folder}", f"--window-size={width},900"),
        *("--enable-logging=stderr", "--v=0", "--dump-dom", path.as_uri()),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def recovery():
    return fitted(3, inputs=HOSTILE, outputs=("<b>y</b>", "</style>"))


@pytest.mark.parametrize("width", [500, 1200])
def test_it_renders_without_errors(recovery, tmp_path, width):
    path = tmp_path / "report.html"
    recovery.report(path)
    # The policy of the page lets no script run; the probe needs a page without it.
    text = path.read_text()
    policy = text[text.index('<meta http-equiv="Content-Security-Policy"') :].split("\n")[0]
    plain = rendered(path, tmp_path / "a", width=width)
    assert plain.returncode == 0
    assert "CONSOLE" not in plain.stderr
    assert "&lt;script&gt;alert(1)" in plain.stdout

    path.write_text(text.replace(policy, "").replace("</body>", f"{PROBE}</body>"))
    told = rendered(path, tmp_path / "b", width=width).stdout
    seen = json.loads(
        told.split('data-seen="')[1].split('"')[0].replace("&quot;", '"').replace("&amp;", "&")
    )
    assert len(seen["seen"]) >= 5
    for picture in seen["seen"]:
        assert len(picture["label"]) > 30
        assert picture["width"] > 100
        assert picture["height"] > 50
    # Nothing sticks out of the page: what is wide scrolls within its own place.
    assert seen["wide"] <= seen["inner"]
