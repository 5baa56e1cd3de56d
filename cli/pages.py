"""Self-contained pages from templates/: no script, nothing from outside, the same bytes for the same findings.

The page's own policy lets nothing load and nothing run but the one style sheet inside it, by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cli.common import plain

__all__ = ["content_policy", "plain", "render_page"]

STYLE = "base.css"


def content_policy(style: str) -> str:
    """The content security policy of a page whose only resource is this style sheet, inline."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def render_page(template: str, **context: Any) -> str:
    """A template as a page; a name that it misses is an error, and every text is escaped."""
    style = "\n" + files("templates").joinpath(STYLE).read_text(encoding="utf-8").strip() + "\n"
    loads = style.lower().replace("url(#", "")
    assert "</" not in loads and "url(" not in loads and "@import" not in loads, "the style sheet loads nothing"
    environment = Environment(
        loader=PackageLoader("templates", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(
        **context,
        # Our own file, not the reader's nor the exchange's: the one text that goes in as it is.
        style=Markup(style),
        policy=content_policy(style),
    )
