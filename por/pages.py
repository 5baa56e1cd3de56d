"""Self-contained pages from templates/: no script, nothing from outside, the same bytes for the same findings.

The page's own policy lets nothing load and nothing run but the one style sheet inside it, by its hash. Texts of others
(labels, disclosures, reasons) go through `plain` before they are shown, and the template escapes them.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

__all__ = ["content_policy", "plain", "render_page"]

STYLES = ("base.css",)


def content_policy(style: str) -> str:
    """The content security policy of a page whose only resource is this style sheet, inline."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def render_page(template: str, *, styles: Sequence[str] = STYLES, **context: Any) -> str:
    """A template as a page; a name that it misses is an error, and every text is escaped.

    `styles` are style sheets of templates/, joined in their order into the one that the page may use.
    """
    style = _style(tuple(styles))
    return (
        _environment()
        .get_template(template)
        .render(
            **context,
            # Our own files, not the reader's nor the exchange's: the one text that goes in as it is.
            style=Markup(style),
            policy=content_policy(style),
        )
    )


@cache
def _style(styles: tuple[str, ...]) -> str:
    # What a browser hashes after it has read the page has plain line feeds.
    parts = [files("templates").joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n") for name in styles]
    style = "\n" + "\n".join(part.strip() for part in parts) + "\n"
    loads = style.lower().replace("url(#", "")
    assert "</" not in loads and "url(" not in loads and "@import" not in loads, "the style sheet loads nothing"
    return style


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("templates", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def plain(value: Any) -> Any:
    """The same findings with every character that is not seen, or that turns the line around, written out.

    A label is the exchange's own text: with controls of direction in it an address could read as another, and with
    others it could rewrite what the terminal already shows.
    """
    if isinstance(value, str):
        if value.isascii() and value.isprintable():
            return value  # nearly every text is, and statements have millions
        return "".join(_visible(character) for character in value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _visible(character: str) -> str:
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    return f"\\u{{{ord(character):x}}}" if hidden else character
