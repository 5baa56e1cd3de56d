"""The tests, in the same rooms as the code; plus conformance, simulation, benchmarks, lint, packaging and docs.

This file is here, and its like in no folder below, because an installed package brings a top-level `tests` of its own,
which would otherwise stand before this folder in `from tests.browser import find_chromium`.
"""
