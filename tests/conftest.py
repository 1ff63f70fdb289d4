"""Settings that all tests share."""

from __future__ import annotations

from hypothesis import settings

# The same examples in every run: a test that fails here fails everywhere.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=30)
settings.load_profile("ci")
