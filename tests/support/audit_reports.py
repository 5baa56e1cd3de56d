"""Reports in the form of `AuditReport.as_json()`, made up for the tests of the page: no bundle, no signature."""

from __future__ import annotations

from typing import Any

from por.attestation import coverage_text

REQUIRED = frozenset(
    "form signature manifest accounts leaves trees sums statements evidence balances".split(),
)
ORDER = (
    "form signature manifest accounts leaves trees sums statements evidence balances control block cutoff double books"
    " net sections replay same-root"
).split()
CLAIMED = ("books", "net", "missed")
OPEN = ("replay", "same-root")
CHAIN = "eip155:1"
DIGEST = "d1649d13aad4956ffb18958c080340da22de2cebe17c041bd6b8adab12498ec8"


def check(
    name: str, result: str = "pass", detail: str = "as it should be", assurance: str = "proven"
) -> dict[str, Any]:
    return {
        "name": name,
        "result": result,
        "required": name in REQUIRED,
        "assurance": assurance if result == "pass" else None,
        "detail": detail,
    }


def checks(**results: str) -> list[dict[str, Any]]:
    """Every check of a bundle; a keyword (with `_` for `-`) gives one its result."""
    given = {name.replace("_", "-"): result for name, result in results.items()}
    found = []
    for name in ORDER:
        result = given.get(name, "unchecked" if name in OPEN else "pass")
        found.append(check(name, result, f"detail of {name}", "claimed" if name in CLAIMED else "proven"))
    return found


def tree(
    asset: str,
    claims: int,
    *,
    held: tuple[int, int, int] = (0, 0, 0),
    given: tuple[int, int, int] | None = None,
    scale: int = 8,
    debts: int = 0,
    leaves: int = 1000,
    entity: str = "main",
) -> dict[str, Any]:
    """One tree's figures; `held` and `given` are proven, attested and claimed reserves in quanta."""
    kinds = ("proven", "attested", "claimed")
    given = held if given is None else given
    return {
        "asset": asset,
        "claims": str(claims),
        "coverage": coverage_text(sum(held), claims),
        "coverage_proven": coverage_text(held[0], claims),
        "coverage_proven_given_block": coverage_text(given[0], claims),
        "debts": str(debts),
        "entity": entity,
        "leaves": leaves,
        "reserves": {kind: str(value) for kind, value in zip(kinds, held, strict=True)},
        "reserves_given_block": {kind: str(value) for kind, value in zip(kinds, given, strict=True)},
        "scale": scale,
        "stated": {
            **{kind: str(value) for kind, value in zip(kinds, given, strict=True)},
            "coverage": coverage_text(sum(given), claims),
        },
    }


def row(asset: str, balance: int, **given: str) -> dict[str, Any]:
    """One reserve row; keywords replace its texts."""
    return {
        "entity": "main",
        "asset": asset,
        "chain": CHAIN,
        "contract": "native",
        "address": "0x52908400098527886E0F7030069857D2E4169EE7",
        "label": "cold 1",
        "control": "eip191",
        "evidence": "state-proof",
        "balance": str(balance),
        "assurance": "claimed",
        "assurance_given_block": "proven",
        **given,
    }


def bundle(
    name: str = "hour-02",
    *,
    sequence: int | None = 0,
    hour: str = "2026-11-23T02:00:00Z",
    kind: str | None = "attestation",
    lines: list[dict[str, Any]] | None = None,
    trees: list[dict[str, Any]] | None = None,
    rows: list[dict[str, Any]] | None = None,
    disclosures: list[dict[str, str]] | None = None,
    revision: int = 0,
) -> dict[str, Any]:
    """One bundle's findings; `sequence` None is one whose attestation could not be read."""
    lines = checks() if lines is None else lines
    readable = sequence is not None
    digest = f"{sequence or 0:02x}{DIGEST[2:]}"
    return {
        "checks": lines,
        "digest": digest if readable else None,
        "disclosures": disclosures or [],
        "fingerprint": "-".join(digest[at : at + 4] for at in range(0, 32, 4)) if readable else None,
        "kind": kind if readable else None,
        "name": name,
        "reserves": rows or [],
        "sequence": sequence,
        "snapshot": f"x.example/{hour}/{revision}" if readable else None,
        "trees": trees or [],
        "verdict": verdict(lines),
    }


def verdict(lines: list[dict[str, Any]]) -> str:
    if any(line["result"] == "fail" for line in lines):
        return "invalid"
    return "unchecked" if any(line["required"] and line["result"] != "pass" for line in lines) else "valid"


def report(
    *bundles: dict[str, Any], chain: dict[str, Any] | None = None, forks: list[list[str]] | None = None
) -> dict[str, Any]:
    """The report of a run."""
    last = chain if chain is not None else check("chain", detail="each naming the one before it")
    lines = [line for one in bundles for line in one["checks"]] + [last]
    return {"bundles": list(bundles), "checks": lines, "forks": forks or [], "verdict": verdict(lines)}


def typical() -> dict[str, Any]:
    """One hour of an exchange whose blocks the reader has not confirmed: something of everything."""
    trees = [
        tree("BTC", 412_733_000_00, held=(0, 0, 415_000_000_00), debts=1_230_000_00, leaves=8_123),
        tree("DAI", 3 * 10**8, held=(0, 0, 10**8), given=(10**8, 0, 0), scale=6, leaves=41),
        tree(
            "ETH",
            9_210_000_000_001,
            held=(0, 0, 9_350_000_000_000),
            given=(9_000_000_000_000, 0, 350_000_000_000),
            scale=9,
            debts=20_000_000_000,
            leaves=5_310,
        ),
        tree("USD", 88_123_456_78, held=(0, 88_500_000_00, 0), scale=2, leaves=9_001),
        tree("USDC", 10**13, held=(0, 0, 25 * 10**12), given=(25 * 10**12, 0, 0), scale=6, leaves=7_777),
        tree("XRP", 0, held=(0, 0, 5_000_000), scale=6, leaves=0),
    ]
    rows = [
        row("ETH", 9_000_000_000_000),
        row("ETH", 350_000_000_000, label="hot wallet", control="none", assurance_given_block="claimed"),
        row("USDC", 25 * 10**12, contract="0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", label="treasury"),
        row("DAI", 10**8, contract="0x6B175474E89094C44Da98b954EedeAC495271d0F", control="eip712", label="dai"),
        row(
            "USD",
            88_500_000_00,
            chain="offchain:bank",
            address="account 4711",
            control="none",
            evidence="third-party",
            assurance="attested",
            assurance_given_block="attested",
            label="client money",
        ),
        row(
            "BTC",
            415_000_000_00,
            chain="bip122:000000000019d6689c085ae165831e93",
            address="bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            control="none",
            evidence="claim",
            assurance_given_block="claimed",
        ),
    ]
    said = "eip155:1: that the block is on the named chain and final is only said"
    lines = checks(block="unchecked", cutoff="unchecked")
    for line in lines:
        if line["name"] == "block":
            line["detail"] = said
    disclosures = [{"code": "small-tree", "detail": "main/DAI"}, {"code": "staking", "detail": "No ETH is staked."}]
    return report(bundle(trees=trees, rows=rows, lines=lines, disclosures=disclosures))


def run_with_a_fork() -> dict[str, Any]:
    """Six bundles: a gap, a missed hour, two statements with one number, one unreadable, one not handed over."""
    ether = [tree("ETH", 1000 * 10**9, held=(990 * 10**9, 0, 0), scale=9)]
    missed = [check("form"), check("signature"), check("manifest"), check("missed", "pass", "disk full", "claimed")]
    broken = [check("form", "fail", "attestation.json is missing"), check("signature", "unchecked", "not reached")]
    broken += [check(name, "unchecked", "not reached, because form or signature failed") for name in ORDER[2:]]
    alone = dict.fromkeys(("accounts", "leaves", "trees", "sums", "statements"), "unchecked")
    return report(
        bundle("hour-05", sequence=3, trees=ether),
        bundle("hour-06", sequence=4, hour="2026-11-23T06:00:00Z", kind="missed", lines=missed),
        bundle("hour-07", sequence=5, hour="2026-11-23T07:00:00Z", trees=ether, lines=checks(**alone)),
        bundle("hour-07-b", sequence=5, hour="2026-11-23T07:00:00Z", trees=ether, lines=checks(sums="fail")),
        bundle("hour-08", sequence=None, lines=broken),
        bundle("hour-09", sequence=9, hour="2026-11-23T09:00:00Z"),
        chain=check("chain", "fail", "fork: hour-07 and hour-07-b are two signed statements with sequence 5"),
        forks=[["hour-07", "hour-07-b"]],
    )


def many_assets(count: int = 40) -> dict[str, Any]:
    """As many assets of two entities as a large exchange lists, some with names as long as may be."""
    trees, rows = [], []
    for number in range(count):
        asset = f"{'LONG-ASSET-NAME-' * 2}{number:02d}" if number % 7 == 3 else f"COIN{number:02d}"
        entity = "bermuda" if number % 3 else "a-legal-entity-with-a-long-name-ltd"
        held = (number * 3 * 10**16, 10**17, (number % 5) * 10**17)
        trees.append(tree(asset, 10**18 + number, held=held, scale=18, entity=entity, leaves=number + 1))
        rows.append(row(asset, held[0], entity=entity, assurance="proven", label="vault " * 8))
    return report(bundle(trees=trees, rows=rows))
