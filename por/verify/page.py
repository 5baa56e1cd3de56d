"""The self-contained web page that checks a proof in a customer's browser, put together from its templates.

One file without any outside reference. Its content security policy allows the one script and the one style inside it,
by their hashes, and nothing else: no network, no frames, no other code. `templates/verify.*` are its parts.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

__all__ = ["render"]

SCRIPTS = ("verify.crypto.js", "verify.rules.js", "verify.checks.js", "verify.texts.js", "verify.page.js")


def render() -> str:
    """The page's HTML. The same parts give the same bytes."""
    style = _part("verify.css")
    script = '"use strict";\n(() => {\n' + "\n".join(_part(name) for name in SCRIPTS) + "})();\n"
    for ending in ("</", "<!--"):
        assert ending not in style + script, "the parts stay inside their tags"
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    page = environment.from_string(_part("verify.html.j2"))
    return page.render(
        style=Markup(style),  # these two are our own files, and the policy allows no others
        script=Markup(script),
        style_hash=_policy_hash(style),
        script_hash=_policy_hash(script),
    )


def _part(name: str) -> str:
    text = files("templates").joinpath(name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")  # what a browser hashes after it has read the page


def _policy_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
