"""The parameters of lending, one pool for each asset. Defaults: exchange.md section 11, or as named."""

from __future__ import annotations

from typing import Final

from ledger.parameter_kinds import Looser, Parameter, Scope, Whole, Word
from ledger.trading.market import PPM

__all__ = ["PARAMETERS"]

_PPM: Final = Whole(0, PPM)
_YEARLY: Final = Whole(0, 100 * PPM)
_QUANTA: Final = Whole(0, 2**63 - 1)

PARAMETERS: Final = (
    Parameter(
        "lending.state",
        Scope.ASSET,
        Word("open|repay-only|closed"),
        "what the pool takes",
        "closed",
        Looser.EITHER,
        "exchange.md 1.3",
    ),
    Parameter(
        "lending.rate_base", Scope.ASSET, _YEARLY, "ppm a year at no utilisation", 0, Looser.EITHER, "own choice"
    ),
    Parameter(
        "lending.rate_at_optimal",
        Scope.ASSET,
        _YEARLY,
        "ppm a year at the optimum",
        80_000,
        Looser.EITHER,
        "own choice",
    ),
    Parameter(
        "lending.rate_at_full", Scope.ASSET, _YEARLY, "ppm a year, all lent out", 1_000_000, Looser.EITHER, "own choice"
    ),
    Parameter(
        "lending.optimal", Scope.ASSET, Whole(1, PPM - 1), "ppm utilisation", 850_000, Looser.EITHER, "exchange.md 11"
    ),
    Parameter(
        "lending.share", Scope.ASSET, _PPM, "ppm of interest, the house's", 100_000, Looser.UP, "exchange.md 1.1"
    ),
    Parameter(
        "lending.utilisation_max", Scope.ASSET, _PPM, "ppm utilisation", 950_000, Looser.UP, "exchange.md 1.3, 11"
    ),
    Parameter("lending.throttle_from", Scope.ASSET, _PPM, "ppm utilisation", 920_000, Looser.UP, "exchange.md 11"),
    Parameter("lending.throttle_step", Scope.ASSET, _PPM, "ppm a minute", 1_000, Looser.UP, "exchange.md 1.3, 11"),
    Parameter("lending.lent_max", Scope.ASSET, _QUANTA, "quanta lent in all", 2**63 - 1, Looser.UP, "exchange.md 1.3"),
    Parameter(
        "lending.borrowed_max", Scope.ASSET, _QUANTA, "quanta borrowed in all", 2**63 - 1, Looser.UP, "exchange.md 1.3"
    ),
    Parameter(
        "lending.borrower_max", Scope.ASSET, _QUANTA, "quanta of a subaccount", 2**63 - 1, Looser.UP, "exchange.md 1.3"
    ),
    Parameter(
        "lending.step",
        Scope.ASSET,
        Whole(1, 2**63 - 1),
        "quanta, least that is lent",
        1,
        Looser.EITHER,
        "exchange.md 1.3",
    ),
)
"""Rows of `ledger.parameters`. Utilisation is borrowed over lent; a pool is closed until two operators open it."""
