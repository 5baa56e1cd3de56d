"""What the verifier answers, and what a reader may bring to it beyond the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

__all__ = ["Assurance", "ChainResult", "Check", "ControlResult", "EvmResult", "Outcome", "ReaderView", "RowResult"]

Outcome = Literal["pass", "fail", "unchecked"]
Assurance = Literal["proven", "attested", "claimed"]


class Check(NamedTuple):
    """One check's answer; `assurance` says what stands behind it, `detail` says it in words."""

    name: str
    result: Outcome
    assurance: Assurance
    detail: str


@dataclass(frozen=True, slots=True)
class ReaderView:
    """What an endpoint of the reader's own said about the snapshot; made by `recheck.py`.

    `is_final` is of the child where the evidence has one, and of the block where not. `calls` has `balanceOf` by
    (contract, holder), None where the call failed; `wallets` has EIP-1271 answers by (wallet, digest, signature);
    `challenge_blocks` has block hashes by number, None where there is no such block.
    """

    block_hash: bytes | None
    child_hash: bytes | None
    is_final: bool
    calls: Mapping[tuple[bytes, bytes], int | None] = field(default_factory=dict)
    wallets: Mapping[tuple[bytes, bytes, bytes], bool] = field(default_factory=dict)
    challenge_blocks: Mapping[int, bytes | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowResult:
    """One reserve row, judged.

    `balance` is in the chain's smallest unit (divide by 10**decimals): the proven figure where there is one, else the
    claimed one. `assurance_given_block` holds if the block is on the named chain and final; `assurance` is what holds
    without that condition, and is "claimed" until the reader has pinned the block and its child.
    """

    chain: str
    address: str
    asset: str
    contract: str
    entity: str
    label: str
    balance: int
    decimals: int
    result: Outcome
    assurance: Assurance
    assurance_given_block: Assurance
    checks: tuple[Check, ...]
    control: Check
    wraps: str | None


@dataclass(frozen=True, slots=True)
class ControlResult:
    """One address's proof of control, judged."""

    chain: str
    address: str
    scheme: str
    check: Check


@dataclass(frozen=True, slots=True)
class ChainResult:
    """One chain, judged; `skew_seconds` is how long before the cut-off the block stands."""

    chain: str
    block_hash: str
    block_number: int
    block_time: int
    skew_seconds: int
    checks: tuple[Check, ...]
    rows: tuple[RowResult, ...]
    controls: tuple[ControlResult, ...]


@dataclass(frozen=True, slots=True)
class EvmResult:
    """All chains of one evidence document, and notes on what is counted twice where that can be seen."""

    chains: tuple[ChainResult, ...]
    disclosures: tuple[str, ...]

    @property
    def rows(self) -> tuple[RowResult, ...]:
        """All rows of all chains."""
        return tuple(row for chain in self.chains for row in chain.rows)

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every check of every chain, row and address."""
        found: list[Check] = []
        for chain in self.chains:
            found += chain.checks
            for row in chain.rows:
                found += row.checks
            found += (control.check for control in chain.controls)
        return tuple(found)

    @property
    def outcome(self) -> Outcome:
        """ "fail" if any check fails, else "unchecked" if any is, else "pass"."""
        results = {check.result for check in self.checks}
        return "fail" if "fail" in results else "unchecked" if "unchecked" in results else "pass"
