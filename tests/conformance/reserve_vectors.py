"""Emits `reserves/cases.json`: attestations over recorded evidence, honest and forged, and what an audit says of them.

The evidence is `recorded.json` with each case's changes; signatures of control are made again where a case needs it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct

from por.reserves.evm.devnode import development_key
from tests.conformance.bundle_forge import Audited
from tests.conformance.cases import VECTORS, Files, pretty, reference
from tests.support.miniature import Holder, canonical, public_hex

__all__ = ["Backed", "emit", "evidence_of", "reserve_cases"]

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SCALES = {("main", "ETH"): 9, ("main", "SOL"): 6, ("main", "PCK"): 6, ("main", "PRX"): 6}
NAMES = ("evidence", "balances", "control", "block", "cutoff", "double")
PLEDGE = "The exchange named above controls this address. This signature is only for the period named above."
Change = tuple[list[Any], Any]  # steps to a place in the evidence document, and the new value (None removes a field)


@cache
def recorded() -> Any:
    return json.loads((VECTORS / "reserves" / "recorded.json").read_bytes())


@dataclass(frozen=True)
class ReserveCase:
    """`results` are of the checks in NAMES; `rows` edits the signed rows; `reader` is what the reader brings."""

    name: str
    attack: int
    results: str
    document: str = "honest"
    changes: tuple[Change, ...] = ()
    rows: Any = None
    block: str | None = None
    layouts: bool = True
    extra_layouts: str = ""
    proven: int | None = None


def evidence_of(document: str, changes: tuple[Change, ...] | list[Any]) -> bytes:
    """The evidence file: the recorded document with changes."""
    value = copy.deepcopy(recorded()["documents"][document])
    for steps, new in changes:
        place = value
        for step in steps[:-1]:
            place = place[step]
        if new is None:
            del place[steps[-1]]
        else:
            place[steps[-1]] = new
    return canonical({"evm": value, "format": "tallystick/reserves/1"}) + b"\n"


@dataclass
class Backed(Audited):
    """An exchange whose signed reserve rows are those of an evidence document."""

    signed_rows: list[dict[str, Any]] = field(default_factory=list)
    wanted: Any = None

    def reserves_section(self) -> dict[str, Any]:
        totals = []
        rows = sorted(
            self.signed_rows, key=lambda row: [row[n] for n in ("entity", "asset", "chain", "contract", "address")]
        )
        for tree in sorted(self.scales):
            mine = [row for row in rows if (row["entity"], row["asset"]) == tree]
            parts = {"proven": 0, "attested": 0, "claimed": 0}
            for row in mine:
                is_proven = row["evidence"] == "state-proof" and row["control"] in ("eip191", "eip712")
                parts["proven" if is_proven else "claimed"] += int(row["balance"])
            claims, _ = self.claims_and_debts(tree)
            ratios = [n * 10**6 // claims for n in (sum(parts.values()), parts["proven"])]
            coverage, proven = (f"{n // 10**6}.{n % 10**6:06d}" for n in ratios)
            totals.append(
                {name: str(value) for name, value in parts.items()}
                | {"asset": tree[1], "claims": str(claims), "entity": tree[0]}
                | {"coverage": coverage, "coverage_proven": proven}
            )
        return {"rows": rows, "totals": totals}

    def snapshot_section(self) -> dict[str, Any]:
        section = super().snapshot_section()
        for tree in section["trees"]:
            pairs = {(row["chain"], row["contract"]) for row in self.signed_rows if row["asset"] == tree["asset"]}
            tree["reserves"] = [{"chain": chain, "contract": contract} for chain, contract in sorted(pairs)]
        return section


def signed_rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that an honest exchange signs over an evidence document."""
    rows = []
    for chain in document["chains"]:
        schemes = {control["address"]: control["scheme"] for control in chain["controls"]}
        for row in chain["rows"]:
            scale = SCALES[row["entity"], row["asset"]]
            rows.append(
                {
                    "address": row["address"],
                    "asset": row["asset"],
                    "balance": str(int(row["balance"]) * 10**scale // 10 ** row["decimals"]),
                    "chain": chain["chain"],
                    "contract": row["contract"],
                    "control": schemes.get(row["address"], "none"),
                    "entity": row["entity"],
                    "evidence": "state-proof",
                    "label": row["label"],
                }
            )
    return rows


def exchange_of(case: ReserveCase) -> Backed:
    evidence = evidence_of(case.document, case.changes)
    rows = signed_rows(recorded()["documents"][case.document])
    if case.rows:
        case.rows(rows)
    owed = {tree: [("", 10**9, 0)] for tree in SCALES}
    made = Backed(
        (Holder("email", "a@example.com", owed),), SCALES, exchange=recorded()["exchange"], hour=recorded()["hour"],
        optional_sections=False, signed_rows=rows,
    )  # fmt: skip
    made.evidence = evidence
    return made


# Control, written and signed here from docs/spec/reserves-evm.md


def control_at(scheme: str) -> int:
    controls = recorded()["documents"]["honest"]["chains"][0]["controls"]
    return next(n for n, control in enumerate(controls) if control["scheme"] == scheme)


def resigned(key: int = 1, low: bool = True, **fields: Any) -> tuple[Change, ...]:
    """The EIP-191 control with other fields, signed over them; names in capitals change the text alone."""
    chain = recorded()["documents"]["honest"]["chains"][0]
    number = control_at("eip191")
    control = chain["controls"][number]
    challenge = {**control["challenge"], **{name: value for name, value in fields.items() if name.islower()}}
    shown = Account.from_key(development_key(1)).address
    lines = (
        fields.get("TITLE", "Tallystick proof of control, version 1"),
        f"exchange: {fields.get('EXCHANGE', recorded()['exchange'])}",
        f"chain: {fields.get('CHAIN', chain['chain'])}",
        f"address: {shown}",
        f"period: {challenge['period']}",
        f"block: {challenge['block_number']} {challenge['block_hash']}",
        f"expires: {challenge['expires']}",
        f"digest: {challenge['digest']}",
        PLEDGE,
    )
    text = fields.get("TEXT", "\n".join(lines))
    raw = bytes(Account.sign_message(encode_defunct(text=text), development_key(key)).signature)
    if not low:
        s = ORDER - int.from_bytes(raw[32:64], "big")
        raw = raw[:32] + s.to_bytes(32, "big") + bytes([55 - raw[64]])
    place: list[Any] = ["chains", 0, "controls", number]
    return (([*place, "challenge"], challenge), ([*place, "signature"], "0x" + raw.hex()))


def signature_cases() -> Iterator[ReserveCase]:
    def refused(name: str, attack: int, changes: tuple[Change, ...]) -> ReserveCase:
        return ReserveCase(name, attack, "pass pass fail unchecked unchecked pass", changes=changes)

    again = "pass pass unchecked unchecked unchecked pass"
    yield ReserveCase("a proof of control signed again", 0, again, changes=resigned())
    yield ReserveCase("a proof of control for the month", 0, again, changes=resigned(period="2023-11"))
    expires = 1_700_002_800
    for offset in (-1, 0):
        made = resigned(expires=expires + offset)
        name = "a proof of control that ends at the cut-off"
        yield ReserveCase(name, 0, again, changes=made) if offset == 0 else refused("an expired one", 23, made)
    yield refused("last month's signature", 23, resigned(period="2023-10"))
    yield refused("last hour's signature", 23, resigned(period="2023-11-14T22:00:00Z"))
    yield refused("a constant text", 23, resigned(TEXT="I am an address of demo.exchange"))
    yield refused("a text for another exchange", 23, resigned(EXCHANGE="other.exchange"))
    yield refused("a text for another chain", 23, resigned(CHAIN="eip155:1"))
    yield refused("a text of another version", 12, resigned(TITLE="Tallystick proof of control, version 2"))
    yield refused("a challenge that never ends", 23, resigned(expires=expires + 121 * 86_400))
    yield refused("a challenge above the snapshot's block", 23, resigned(block_number=2**40))
    yield refused("another key's signature", 23, resigned(key=2))
    yield refused("s in the upper half", 33, resigned(low=False))
    number = control_at("eip191")
    place: list[Any] = ["chains", 0, "controls", number, "signature"]
    good = recorded()["documents"]["honest"]["chains"][0]["controls"][number]["signature"]
    for name, text in (
        ("v of 0 or 1", good[:-2] + ("00" if good.endswith("1b") else "01")),
        ("the other v", good[:-2] + ("1c" if good.endswith("1b") else "1b")),
        ("a signature of 64 bytes", good[:-2]),
        ("a signature of 66 bytes", good + "00"),
        ("r of zero", "0x" + "00" * 32 + good[66:]),
        ("r of the order", f"0x{ORDER:064x}" + good[66:]),
        ("s of zero", good[:66] + "00" * 32 + good[-2:]),
        ("no signature", "0x"),
    ):
        yield refused(name, 33, ((place, text),))
    typed = recorded()["documents"]["honest"]["chains"][0]["controls"][control_at("eip712")]["signature"]
    yield refused("a signature of typed data as text", 33, ((place, typed),))


def proof_cases() -> Iterator[ReserveCase]:
    """What endpoints and exchanges can put into headers and proofs."""
    chain = recorded()["documents"]["honest"]["chains"][0]
    at: list[Any] = ["chains", 0]
    rest = "pass fail unchecked unchecked unchecked pass"

    def flipped(text: str, byte: int) -> str:
        raw = bytearray.fromhex(text[2:])
        raw[byte] ^= 1
        return "0x" + raw.hex()

    header = (([*at, "block"], flipped(chain["block"], 100)),)
    yield ReserveCase("a changed byte in the block's header", 28, rest, changes=header)
    parent = (([*at, "child"], flipped(chain["child"], 10)),)
    yield ReserveCase("a child of another block", 29, rest, changes=parent)
    child = (([*at, "child"], flipped(chain["child"], 100)),)
    refused = "pass fail unchecked fail unchecked pass"
    yield ReserveCase("another child than the reader's", 29, refused, changes=child, block="child")
    for number in (0, len(chain["nodes"]) - 1):
        change = (([*at, "nodes", number], flipped(chain["nodes"][number], 40)),)
        yield ReserveCase(f"a changed byte in proof node {number}", 28, rest, changes=change)
    unfollowed = (([*at, "block_number"], chain["block_number"] + 1),)
    yield ReserveCase("another number than the header's", 29, rest, changes=unfollowed)
    yield ReserveCase("another hash than the header's", 29, rest, changes=(([*at, "block_hash"], "0x" + "00" * 32),))
    yield ReserveCase("the block as its own child", 29, rest, changes=(([*at, "child"], chain["block"]),))
    tokens = [n for n, account in enumerate(chain["accounts"]) if account["slots"]]
    first, second = (chain["accounts"][n] for n in tokens[:2])
    swapped = ((tokens[0], second), (tokens[1], first))
    stolen = tuple(([*at, "accounts", n, "proof"], other["proof"]) for n, other in swapped)
    yield ReserveCase("a proof of another contract", 28, rest, changes=stolen)
    names = recorded()["names"]
    sol = next(n for n, account in enumerate(chain["accounts"]) if account["address"] == names["SOL"])
    slots = chain["accounts"][sol]["slots"]
    crossed = [
        {"key": slots[0]["key"], "proof": slots[1]["proof"]},
        {"key": slots[1]["key"], "proof": slots[0]["proof"]},
    ]
    yield ReserveCase("a proof for another slot", 28, rest, changes=(([*at, "accounts", sol, "slots"], crossed),))
    native = next(n for n, row in enumerate(chain["rows"]) if row["contract"] == "native" and len(row["balance"]) > 9)
    lie = (([*at, "rows", native, "balance"], str(int(chain["rows"][native]["balance"]) + 10**9)),)
    yield ReserveCase("a balance that its proof does not have", 28, rest, changes=lie)
    hour = (([*at, "cutoff"], 1_700_006_400),)
    yield ReserveCase("another cut-off", 32, "pass fail unchecked unchecked fail pass", changes=hour)


def signed_cases() -> Iterator[ReserveCase]:
    """The evidence is honest and the signed rows are not."""
    rest = " unchecked unchecked unchecked pass"

    def more(rows: list[dict[str, Any]]) -> None:
        row = next(row for row in rows if row["asset"] == "ETH" and len(row["balance"]) > 9)
        row["balance"] = str(int(row["balance"]) + 1)

    yield ReserveCase("a signed balance rounded up", 14, "pass fail" + rest, rows=more)
    yield ReserveCase("a row that the evidence has and nobody signed", 36, "fail pass" + rest, rows=lambda r: r.pop(0))

    def invented(rows: list[dict[str, Any]]) -> None:
        rows.append({**rows[0], "address": "0x" + "ee" * 20})

    yield ReserveCase("a row said to be proven that the evidence lacks", 30, "fail pass" + rest, rows=invented)

    def spelled(rows: list[dict[str, Any]]) -> None:
        row = next(row for row in rows if row["control"] == "eip191")
        address = "0x" + row["address"][2:].upper()
        rows.append({**row, "address": address, "control": "none", "evidence": "claim"})

    yield ReserveCase("one address in two spellings", 25, "pass pass unchecked unchecked unchecked fail", rows=spelled)

    def unshown(rows: list[dict[str, Any]]) -> None:
        next(row for row in rows if row["control"] == "none").update(control="eip191")

    yield ReserveCase(
        "control that is signed and not shown", 27, "pass pass fail unchecked unchecked pass", rows=unshown
    )


def reader_cases() -> Iterator[ReserveCase]:
    """What the reader's own block and layouts make of the same evidence."""
    document = recorded()["documents"]
    honest = document["honest"]["chains"][0]
    yield ReserveCase("honest", 0, "pass pass unchecked unchecked unchecked pass", proven=0)
    yield ReserveCase("honest, with the reader's block", 0, "pass pass unchecked pass unchecked pass", block="block")
    yield ReserveCase(
        "honest, with the reader's child block", 0, "pass pass unchecked pass pass pass", block="child", proven=3
    )
    yield ReserveCase(
        "without the reader's layouts", 0, "pass pass unchecked pass pass pass", block="child", layouts=False, proven=0
    )
    yield ReserveCase("a private chain, offline", 29, "pass pass pass unchecked unchecked pass", "private", proven=0)
    other, same = "pass fail pass fail unchecked pass", "pass fail unchecked fail unchecked pass"
    yield ReserveCase("a private chain against the reader's block", 29, other, "private", block="block")
    yield ReserveCase("another hash at the same height", 29, same, block="00" * 32)
    posing = "pass pass unchecked unchecked unchecked pass"
    yield ReserveCase("an allowance as a balance, layout unknown", 28, posing, "allowance", layouts=False, proven=0)
    shown = "pass unchecked unchecked unchecked unchecked pass"
    yield ReserveCase("an allowance as a balance, layout known", 28, shown, "allowance", proven=0)
    numbers = [n for n, row in enumerate(honest["rows"]) if row["asset"] == "SOL"]
    borrowed = tuple((["chains", 0, "rows", n, "decimals"], 0) for n in numbers)

    def richer(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["balance"] = str(int(row["balance"]) * (10**6 if row["asset"] == "SOL" else 1))

    yield ReserveCase(
        "borrowed decimals", 14, "pass fail unchecked unchecked unchecked pass", changes=borrowed, rows=richer
    )
    wraps = f'[[layout]]\nchain = "{honest["chain"]}"\ncontract = "{recorded()["names"]["SOL"]}"\nasset = "SOL"\n'
    wraps += 'decimals = 6\norder = "solidity"\nbase_slot = "0"\nwraps = "ETH"\n'
    yield ReserveCase(
        "a token beside what it stands for",
        26,
        "pass pass unchecked unchecked unchecked unchecked",
        extra_layouts=wraps,
    )


def reserve_cases() -> list[ReserveCase]:
    """Every case."""
    cases = [*reader_cases(), *signature_cases(), *proof_cases(), *signed_cases()]
    assert len({case.name for case in cases}) == len(cases)
    return cases


def emit() -> Files:
    rows = []
    for case in reserve_cases():
        exchange = exchange_of(case)
        attestation = exchange.attestation()
        rows.append(
            {
                "attack": reference(case.attack),
                "attestation": attestation.decode(),
                "block": case.block,
                "changes": [{"at": steps, "value": value} for steps, value in case.changes],
                "checks": dict(zip(NAMES, case.results.split(), strict=True)),
                "document": case.document,
                "extra_layouts": case.extra_layouts,
                "key": public_hex("first"),
                "layouts": case.layouts,
                "name": case.name,
                "proven_rows": case.proven,
            }
        )
    return {"reserves/cases.json": pretty({"cases": rows})}
