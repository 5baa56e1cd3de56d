"""Folders of exchanges as tests want them."""

from __future__ import annotations

from pathlib import Path

from cli.exchange.config import CONFIG_NAME


def quiet(folder: Path) -> None:
    """Nothing is done beside trading after an hour: no public page, no rules. Each would be a process more."""
    path = folder / CONFIG_NAME
    text = path.read_text(encoding="utf-8")
    rules = '["vara", "jfsa", "us-mtl", "eu"]'
    for old, new in (('site = "site"', 'site = ""'), (f"rules = {rules}", "rules = []")):
        assert old in text, "the template has this setting"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
