"""The wide format that Binance publishes: a row a user, and for each asset its equity `e_x` and its debt `d_x`.

Of all other columns (row number, nets, collateral, total) nothing is read, so their float noise cannot matter. Ids are
assigned by the exchange. Sample and licence: binance/zkmerkle-proof-of-solvency, `src/sampledata`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ledger.assets import AssetTable
from por.liabilities.intake.batch import repeated_names
from por.liabilities.intake.problems import Problems

__all__ = ["ID_COLUMN", "WideColumns"]

ID_COLUMN: Final = "id"


class WideColumns:
    """The header rule of the wide format; `pairs` are (asset, claim column, debt column) of the header last read."""

    def __init__(self, assets: AssetTable) -> None:
        self._assets = frozenset(assets)
        self.pairs: tuple[tuple[str, str, str], ...] = ()

    def __call__(
        self, file: str, names: Sequence[str], problems: Problems, row: int | None, /
    ) -> dict[str, int] | None:
        """Where the id and the equity and debt columns stand; None after telling `problems` what is wrong."""
        before = problems.count
        if ID_COLUMN not in names:
            remedy = "Begin with a header of rn, id, and for each asset e_ and d_ before its name"
            problems.add(file, "there is no header with a column id", remedy, row=row)
            return None
        amounts = [name for name in names if name[:2].lower() in ("e_", "d_")]
        for name in repeated_names([name.lower() for name in names if name in amounts or name == ID_COLUMN]):
            problems.add(file, "the header names this column twice", "Keep one of the two", row=row, column=name)
        by_name = {name.lower(): name for name in amounts}
        pairs = []
        for asset in dict.fromkeys(name[2:] for name in by_name):
            for wanted in (f"e_{asset}", f"d_{asset}"):
                if wanted not in by_name:
                    remedy = "Give each asset its equity and its debt column"
                    problems.add(file, "this column is missing", remedy, row=row, column=wanted)
            if asset.upper() not in self._assets:
                remedy = "Add the asset with its scale to the assets file"
                problems.add(file, "the asset is not in the assets file", remedy, row=row, column=f"e_{asset}")
            pairs.append((asset.upper(), by_name.get(f"e_{asset}", ""), by_name.get(f"d_{asset}", "")))
        if not pairs:
            problems.add(file, "no asset has columns", "Name them e_ and d_ before the asset, as e_btc, d_btc", row=row)
        if problems.count > before:
            return None
        self.pairs = tuple(pairs)
        return {name: names.index(name) for name in (ID_COLUMN, *by_name.values())}
