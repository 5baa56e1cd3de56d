"""The rehearsed day's firm: what it states of itself, entered into its register and signed by an operator."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime, time, timedelta
from importlib.resources import files

from cli.exchange.config import Config
from cli.exchange.judging import register_path
from compliance.firm_values import read_value
from compliance.regimes import catalogue
from compliance.register import Register, Statement
from ledger.keys import SigningKey

__all__ = ["enter_firm", "firm_text"]

_DAY = re.compile(r"@(-?[0-9]+)(T?)@")
MORNING = time(9)


def firm_text(begin: datetime) -> str:
    """The firm's facts as TOML, for a rehearsal that begins at a moment."""

    def dated(match: re.Match[str]) -> str:
        day = begin.date() + timedelta(days=int(match[1]))
        return f"{datetime.combine(day, MORNING).isoformat()}Z" if match[2] else day.isoformat()

    return _DAY.sub(dated, files("cli.exchange").joinpath("day_firm.toml").read_text(encoding="utf-8"))


def enter_firm(config: Config, begin: datetime, operator: SigningKey) -> int:
    """Enter everything, from the day before the rehearsal on; how many facts there are."""
    kinds = catalogue()
    since = datetime.combine(begin.date() - timedelta(days=1), time(), UTC)
    stated = tomllib.loads(firm_text(begin))
    statements = [
        Statement(name, read_value(kinds[name], each), since, scope)
        for name, raw in stated.items()
        for scope, each in (raw.items() if kinds[name].by_state else [("", raw)])
    ]
    register = Register.load(register_path(config), config.entity, kinds, [operator.public])
    register.append(statements, begin, operator, kinds)
    return len(statements)
