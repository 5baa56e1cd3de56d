"""Facts from the chain of hourly statements: what is owed, what is held, by whom and how, and which hours there are.

Amounts are in units, claims up and reserves down to the quantum already. A reserve counts where its owner is known;
one that could not be read, or whose owner nobody states, counts nothing, and its asset is named in `reserves.unread`.
Currencies (ISO 4217 codes without a chain) are client money and no virtual asset. How far a fact is shown: claims are
the exchange's own signed total, which each customer can check, so *claimed*; reserves are as their weakest row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final, NamedTuple

from compliance.facts import Amounts, Assurance, Evidence, Fact, Record, Value
from compliance.reports.inputs import BookLine, CoveragePoint
from compliance.sources.wallets import Holder, WalletBook, folded_place
from por.snapshot import SnapshotId, to_seconds

__all__ = ["Statement", "attested_facts", "book_lines", "coverage_points", "is_currency", "reserve_addresses"]

_CODES: Final = frozenset(
    (
        "AED ARS AUD BHD BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR JOD JPY KES KRW KWD MXN MYR "
        "NGN NOK NZD OMR PEN PHP PKR PLN QAR RON SAR SEK SGD THB TRY TWD UAH USD VND ZAR"
    ).split()
)
_NAMES: Final = ("asset", "entity")
_CONTROLLED: Final = frozenset({"eip191", "eip712"})


class Statement(NamedTuple):
    """One signed statement of the chain, checked by whoever read it. `place`: where it stands, for readers."""

    document: Mapping[str, Any]
    digest: str
    place: str

    @property
    def kind(self) -> str:
        """`attestation`, `restatement` or `missed`."""
        return str(self.document["statement"]["kind"])

    @property
    def hour(self) -> datetime:
        """The hour that it is for."""
        text = SnapshotId.parse(self.document["statement"]["snapshot"]).hour
        return datetime.fromtimestamp(to_seconds(text), UTC)

    @property
    def snapshot(self) -> Mapping[str, Any] | None:
        """Its section `snapshot`; None of a missed hour."""
        found: Mapping[str, Any] | None = self.document["sections"].get("snapshot")
        return found

    def scales(self, entity: str) -> dict[str, int]:
        """The scale of each of an entity's assets."""
        assert self.snapshot is not None
        return {tree["asset"]: int(tree["scale"]) for tree in self.snapshot["trees"] if tree["entity"] == entity}

    def rows(self, section: str, entity: str) -> list[Mapping[str, Any]]:
        """A section's rows of an entity; none where the section is not there."""
        rows = self.document["sections"].get(section, {}).get("rows", [])
        return [row for row in rows if row["entity"] == entity]


def is_currency(asset: str) -> bool:
    """Whether an asset is money of a state: by its ISO 4217 code."""
    return asset in _CODES


def _units(quanta: str, scale: int) -> Fraction:
    return Fraction(int(quanta), 10**scale)


def attested_facts(chain: Sequence[Statement], entity: str, wallets: WalletBook) -> list[Fact]:
    """The facts of the newest statement of a chain (oldest first); of a missed hour only what the chain says."""
    if not chain:
        return []
    last = chain[-1]
    evidence = (Evidence("attestation", last.place, last.digest),)
    moment = last.hour
    hours: tuple[Record, ...] = tuple(
        {"id": each.place, "hour": each.hour, "kind": each.kind, "digest": each.digest} for each in chain
    )
    found: dict[str, tuple[Value, Assurance]] = {"hours": (hours, Assurance.CLAIMED)}
    if last.snapshot is not None and last.scales(entity):
        found.update(_owed(last, entity))
        found.update(_held(last, entity, wallets))
        found.update(_money(last, entity))
    return [Fact(name, value, moment, assurance, evidence) for name, (value, assurance) in sorted(found.items())]


def _owed(statement: Statement, entity: str) -> dict[str, tuple[Value, Assurance]]:
    assert statement.snapshot is not None
    trees = [tree for tree in statement.snapshot["trees"] if tree["entity"] == entity]
    claims, debts = (
        {tree["asset"]: _units(tree[name], int(tree["scale"])) for tree in trees} for name in ("claims", "debts")
    )
    return {
        "claims": ({asset: each for asset, each in claims.items() if not is_currency(asset)}, Assurance.CLAIMED),
        "client_money.owed": ({asset: each for asset, each in claims.items() if is_currency(asset)}, Assurance.CLAIMED),
        "debts": (debts, Assurance.CLAIMED),
    }


def _held(statement: Statement, entity: str, book: WalletBook) -> dict[str, tuple[Value, Assurance]]:
    scales = statement.scales(entity)
    sums: dict[str, dict[str, Fraction]] = {
        name: {} for name in ("client", "client.hot", "client.offline", "client.custodian", "own", "guarantee")
    }
    weakest: dict[str, Assurance] = {}
    unread = {row["asset"] for row in statement.rows("unread", entity)}
    rows: list[Record] = []
    is_known = not book.is_empty
    for row in statement.rows("reserves", entity):
        holder = book.find(row["chain"], row["address"], row["label"])
        rows.append(_wallet_row(row, holder))
        if is_currency(row["asset"]):
            continue
        if holder is None:
            unread.add(row["asset"])
            continue
        units, assurance = _units(row["balance"], scales[row["asset"]]), _assurance(row)
        for name in _sums_of(holder):
            sums[name][row["asset"]] = sums[name].get(row["asset"], Fraction(0)) + units
            weakest[name] = max(weakest.get(name, assurance), assurance, key=_ORDER.index)
    found: dict[str, tuple[Value, Assurance]] = {
        "wallets": (tuple(rows), Assurance.CLAIMED),
        "reserves.unread": (frozenset(unread), Assurance.CLAIMED),
    }
    if is_known:
        # Where nobody states whose a wallet is, nothing is said of whose the reserves are.
        for name, amounts in sums.items():
            found[f"reserves.{name}"] = (amounts, weakest.get(name, Assurance.CLAIMED))
        mixed: tuple[Record, ...] = tuple({"address": address, "reason": reason} for address, reason in book.mixed)
        found["wallets.mixed"] = (mixed, Assurance.CLAIMED)
    return found


_ORDER: Final = (Assurance.PROVEN, Assurance.ATTESTED, Assurance.CLAIMED)


def _assurance(row: Mapping[str, Any]) -> Assurance:
    """As the statement's totals count it (docs/spec/attestation.md section 4); an audit recomputes it."""
    if row["evidence"] == "state-proof" and row["control"] in _CONTROLLED:
        return Assurance.PROVEN
    return Assurance.ATTESTED if row["evidence"] == "third-party" else Assurance.CLAIMED


def _sums_of(holder: Holder) -> Iterator[str]:
    """The sums in which a holder's units count."""
    yield holder.owner
    if holder.owner == "client":
        yield {"online": "client.hot", "offline": "client.offline", "custodian": "client.custodian"}[holder.custody]


def _wallet_row(row: Mapping[str, Any], holder: Holder | None) -> Record:
    return {
        "id": f"{row['chain']} {row['address']} {row['asset']}",
        "wallet": (holder.wallet or None) if holder else None,
        "address": row["address"],
        "chain": row["chain"],
        "owner": holder.owner if holder else None,
        "custody": holder.custody if holder else None,
        "label": (holder.label if holder else "") or row["label"] or None,
        "control": row["control"],
        "evidence": row["evidence"],
    }


def _money(statement: Statement, entity: str) -> dict[str, tuple[Value, Assurance]]:
    """Client money and what the reserves are more than the ledger explains; only an embedded exchange states these."""
    scales = statement.scales(entity)
    found: dict[str, tuple[Value, Assurance]] = {}
    zero_sum = statement.rows("zero-sum", entity)
    if zero_sum:
        held = {
            row["asset"]: _units(row["custody"], scales[row["asset"]]) for row in zero_sum if is_currency(row["asset"])
        }
        found["client_money.held"] = (held, Assurance.CLAIMED)
    totals = statement.document["sections"].get("in-flight", {}).get("totals", [])
    if totals:
        differences = {
            row["asset"]: _units(row["difference"], scales[row["asset"]]) for row in totals if row["entity"] == entity
        }
        found["reserves.differences"] = (differences, Assurance.CLAIMED)
    return found


# What packs show of the whole chain.


def reserve_addresses(chain: Iterable[Statement]) -> set[tuple[str, str]]:
    """Every address that the statements count as a reserve, as a `WalletBook` has it."""
    rows = {
        (row["chain"], row["address"])
        for each in chain
        for row in each.document["sections"].get("reserves", {}).get("rows", [])
    }
    return {folded_place(*row) for row in rows}


def coverage_points(chain: Iterable[Statement], entity: str, wallets: WalletBook) -> Iterator[CoveragePoint]:
    """Units held for customers and owed to them, hour by hour; nothing held or owed is stated of a missed hour.

    The figures are those of the facts `claims` and `reserves.client`; only these two are made here.
    """
    is_clients: dict[tuple[str, str, str], bool] = {}
    for statement in chain:
        held: Amounts = {}
        owed: Amounts = {}
        if statement.snapshot is not None and (scales := statement.scales(entity)):
            trees = [tree for tree in statement.snapshot["trees"] if tree["entity"] == entity]
            owed = {
                tree["asset"]: _units(tree["claims"], int(tree["scale"]))
                for tree in trees
                if not is_currency(tree["asset"])
            }
            sums: dict[str, int] = {}
            for row in statement.rows("reserves", entity) if not wallets.is_empty else []:
                place = row["chain"], row["address"], row["label"]
                if place not in is_clients:
                    holder = wallets.find(*place)
                    is_clients[place] = holder is not None and holder.owner == "client"
                if is_clients[place] and not is_currency(row["asset"]):
                    sums[row["asset"]] = sums.get(row["asset"], 0) + int(row["balance"])
            held = {asset: Fraction(quanta, 10 ** scales[asset]) for asset, quanta in sums.items()}
        yield CoveragePoint(statement.hour, statement.kind, held, owed, statement.digest)


def book_lines(statement: Statement, entity: str) -> tuple[BookLine, ...]:
    """The ledger's own report of each asset, in units; empty where the statement has none."""
    scales = statement.scales(entity) if statement.snapshot is not None else {}
    lines = []
    for row in statement.rows("zero-sum", entity):
        amounts = {name: _units(value, scales[row["asset"]]) for name, value in row.items() if name not in _NAMES}
        # As in the section `books`: what other entities owe is a receivable, and what they are owed the house's.
        amounts["receivables"] += amounts.pop("due_from")
        amounts["house"] += amounts.pop("due_to")
        lines.append(BookLine(row["asset"], amounts))
    return tuple(lines)
