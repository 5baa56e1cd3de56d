"""One reserve row: what it holds, and what stands behind the figure. See the rules in verify.py."""

from __future__ import annotations

from dataclasses import dataclass

from por.reserves.evm.evidence import Row
from por.reserves.evm.hexes import to_hex
from por.reserves.evm.layouts import Layout, LayoutTable
from por.reserves.evm.results import Assurance, Check, ReaderView, RowResult
from por.reserves.evm.state import EMPTY_CODE_HASH, ProvenState

__all__ = ["RowContext", "judge_row"]


@dataclass(frozen=True, slots=True)
class RowContext:
    """What all rows of a chain share: proven state, the reader's table and view, and the block's standing."""

    chain: str
    state: ProvenState
    layouts: LayoutTable
    view: ReaderView | None
    has_header: bool
    is_pinned: bool
    is_cutoff_block: bool


def judge_row(row: Row, context: RowContext, control: Check) -> RowResult:
    """Judge one row; never raises."""
    layout = None if row.contract is None else context.layouts.find(context.chain, row.contract)
    asset = _judge_asset(row, layout, context)
    found, checks = _judge_balance(row, layout, context)
    checks = [asset, *checks]
    if not context.has_header:
        checks.append(Check("balance", "fail", "claimed", "the block's header fails, so nothing stands under it"))
    elif found is not None and found != row.balance:
        detail = f"the evidence says {row.balance} and the chain says {found}"
        checks.append(Check("balance", "fail", "proven", detail))
    has_failed = any(check.result == "fail" for check in checks)
    given_block: Assurance = _weakest(checks) if not has_failed and context.is_cutoff_block else "claimed"
    assurance: Assurance = given_block if context.is_pinned else "claimed"
    return RowResult(
        chain=context.chain,
        address=to_hex(row.address),
        asset=row.asset,
        contract="native" if row.contract is None else to_hex(row.contract),
        entity=row.entity,
        label=row.label,
        balance=row.balance if found is None else found,
        decimals=row.decimals,
        result="fail" if has_failed else "unchecked" if assurance == "claimed" else "pass",
        assurance=assurance,
        assurance_given_block=given_block,
        checks=tuple(checks),
        control=control,
        wraps=None if layout is None else layout.wraps,
    )


def _weakest(checks: list[Check]) -> Assurance:
    ranks: tuple[Assurance, ...] = ("claimed", "attested", "proven")
    return min((check.assurance for check in checks), key=ranks.index)


def _judge_asset(row: Row, layout: Layout | None, context: RowContext) -> Check:
    """Is this contract (or chain coin) the asset that the row says, by the reader's own table?"""
    if row.contract is None:
        coin = context.layouts.natives.get(context.chain)
        if coin is None:
            return Check("asset", "unchecked", "claimed", "the reader's table does not name this chain's coin")
        name, wraps, decimals = coin[0], None, coin[1]
    elif layout is None:
        return Check("asset", "unchecked", "claimed", "the reader's table does not know this contract")
    else:
        name, wraps, decimals = layout.asset, layout.wraps, layout.decimals
    if row.decimals != decimals:
        return Check("asset", "fail", "proven", f"the evidence says {row.decimals} decimals and the table {decimals}")
    if row.asset not in (name, wraps):
        return Check("asset", "unchecked", "claimed", f"the reader's table calls this {name}, not {row.asset}")
    stands = "" if row.asset == name else f", a token that stands for {wraps}"
    return Check("asset", "pass", "proven", f"the reader's table has this as {name}{stands}")


def _judge_balance(row: Row, layout: Layout | None, context: RowContext) -> tuple[int | None, list[Check]]:
    """The balance that the proofs (or the reader's endpoint) give, if they give one, and the checks behind it."""
    if row.contract is None:
        return _native(row, context)
    if row.method == "call" or (layout is not None and layout.order == "call"):
        return _call(row, row.contract, context)
    return _slot(row, row.contract, layout, context)


def _native(row: Row, context: RowContext) -> tuple[int | None, list[Check]]:
    account = context.state.accounts.get(row.address)
    if account is None:
        return None, [_no_proof("account-proof", row.address, context)]
    return account.balance, [Check("account-proof", "pass", "proven", "the state holds this balance")]


def _call(row: Row, contract: bytes, context: RowContext) -> tuple[int | None, list[Check]]:
    key = (contract, row.address)
    if context.view is None or key not in context.view.calls:
        detail = "the contract's own answer, which only the reader's endpoint can repeat"
        return None, [Check("pinned-call", "unchecked", "claimed", detail)]
    answer = context.view.calls[key]
    if answer is None:
        return None, [Check("pinned-call", "fail", "attested", "balanceOf fails at the reader's endpoint")]
    return answer, [Check("pinned-call", "pass", "attested", "the reader's endpoint repeats balanceOf at the block")]


def _slot(row: Row, contract: bytes, layout: Layout | None, context: RowContext) -> tuple[int | None, list[Check]]:
    account = context.state.accounts.get(contract)
    if account is None:
        return None, [_no_proof("account-proof", contract, context)]
    if account.code_hash == EMPTY_CODE_HASH:
        return None, [Check("account-proof", "fail", "proven", "there is no contract at the token's address")]
    checks = [Check("account-proof", "pass", "proven", "the state holds the contract")]
    used = layout
    if layout is None:
        assert row.layout is not None, "the evidence states a layout exactly where the method is slot"
        stated = row.layout
        used = Layout(
            context.chain, contract, row.asset, row.decimals, stated.order, stated.base_slot, stated.shift, stated.bits
        )
        detail = "only the evidence says that this slot holds the balance"
        checks.append(Check("layout", "unchecked", "claimed", detail))
    else:
        checks.append(_judge_code(layout, account.code_hash, context))
    assert used is not None
    word = context.state.words.get((contract, used.storage_key(row.address)))
    if word is None:
        detail = "the evidence has no proof for the slot that the layout names"
        return None, [*checks, Check("storage-proof", "unchecked", "claimed", detail)]
    balance = used.balance_of(word)
    is_flagged = word != balance << used.shift
    detail = "the contract's storage holds this balance"
    detail += f"; other bits of the word are set ({word:#066x}): the token may block this holder" if is_flagged else ""
    return balance, [*checks, Check("storage-proof", "pass", "proven", detail)]


def _judge_code(layout: Layout, code_hash: bytes, context: RowContext) -> Check:
    """Is the code the one that the reader's layout was written for?"""
    if layout.code_hash is not None and layout.code_hash != code_hash:
        return Check("layout", "unchecked", "claimed", "the contract's code is not the one that the layout is for")
    if layout.implementation_slot is not None:
        key = layout.implementation_slot.to_bytes(32, "big")
        word = context.state.words.get((layout.contract, key))
        if word is None:
            return Check("layout", "unchecked", "claimed", "the proxy's implementation is not shown")
        implementation = context.state.accounts.get((word % 2**160).to_bytes(20, "big"))
        if implementation is None:
            return Check("layout", "unchecked", "claimed", "the implementation's code is not shown")
        if implementation.code_hash != layout.implementation_code_hash:
            return Check("layout", "unchecked", "claimed", "the implementation is not the one that the layout is for")
    pinned = [
        name
        for name, given in (("code", layout.code_hash), ("implementation", layout.implementation_code_hash))
        if given is not None
    ]
    detail = f"{' and '.join(pinned)} checked" if pinned else "it pins no code hash, so the code is not checked"
    return Check("layout", "pass", "proven", f"the layout is the reader's; {detail}")


def _no_proof(name: str, address: bytes, context: RowContext) -> Check:
    problem = context.state.problems.get(address)
    if problem is not None:
        return Check(name, "fail", "proven", f"the proof of {to_hex(address)} fails: {problem}")
    return Check(name, "unchecked", "claimed", f"no proof of {to_hex(address)} is given")
