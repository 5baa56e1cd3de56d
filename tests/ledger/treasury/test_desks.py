"""Money in and out of the engine, rule by rule."""

from __future__ import annotations

import pytest

from ledger import events as facts
from ledger.commands import (
    AddDestination,
    AdjustCustody,
    ApproveWithdrawal,
    ApproveWithdrawalByTwo,
    AssignAddress,
    AssignReceipt,
    BlockAccount,
    FailCustodyMove,
    FailWithdrawal,
    MoveBetweenSubaccounts,
    MoveCustody,
    NetworkFee,
    PauseTransfers,
    ReceiveDeposit,
    RejectWithdrawal,
    RemoveDestination,
    RepayDebt,
    ReplaceTransaction,
    RequestWithdrawal,
    RequireDestinations,
    ResumeTransfers,
    ReverseDeposit,
    SendWithdrawal,
    SettleCustodyMove,
    SettleWithdrawal,
    Tick,
)
from ledger.journal import AccountCode
from ledger.parameters import LOCK, PARAMETERS
from ledger.treasury.dust import quantum
from ledger.treasury.policy import WithdrawalPolicy
from tests.support.treasury import BANK, CHAIN, PEOPLE, REFERENCE, Treasury, address_of, limits, same_after_restart

WHO, OTHER = PEOPLE[:2]
LOCK_US = PARAMETERS[LOCK].default * 10**6
DELAY_US = PARAMETERS["withdrawals.destination_delay"].default * 10**6
REQUEST = "f" * 32
ONE = quantum(9)
WEI = 10**20  # of 10^-38
PLACE = "0x" + "ab" * 20


@pytest.fixture
def books():
    made = Treasury().open()
    yield made
    made.check()
    same_after_restart(made.engine)
    assert made.replayed().state_hash() == made.engine.state_hash()


def receive(number=0, amount=1000, dust=0, evidence="e1", asset="ETH"):
    return ReceiveDeposit(CHAIN, address_of(number), "deposits", asset, amount, dust, evidence)


def ask(amount=100, request=REQUEST, asset="ETH", who=WHO, place=PLACE):
    return RequestWithdrawal(who, "", asset, amount, place, request)


def policy(**values):
    return limits("ETH", **values)


def with_fee(books, fee):
    """A fee, which customers hear of before it acts."""
    books.give(policy(fee=fee))
    assert books.engine.withdrawals.policy("ETH").fee == 0
    books.give(Tick(), after_us=LOCK_US)
    assert books.engine.withdrawals.policy("ETH").fee == fee


def send(request=REQUEST, nonce=0, data="ab", wallet="hot", sender="0xaa"):
    return SendWithdrawal(request, wallet, sender, nonce, data)


# Deposits.


def test_the_log_and_not_the_service_says_who_is_credited(books):
    books.give(receive(1, 1000))
    assert books.claim(OTHER, "ETH") == (1000, 0)
    assert books.claim(WHO, "ETH") == (0, 0)


def test_an_address_belongs_to_one_customer_for_good_however_it_is_written(books):
    taken = AssignAddress(OTHER, "", CHAIN, address_of(0).upper().replace("0X", "0x"), "deposits")
    assert books.refusal(taken) == "address-taken"
    assert books.refusal(AssignAddress(None, "", CHAIN, "0xhot", None)) == "house-address-without-a-wallet"
    assert books.refusal(AssignAddress(WHO, "", CHAIN, "0xnew", "no-wallet")) == "unknown-wallet"
    assert books.refusal(AssignAddress("9" * 32, "", CHAIN, "0xnew", "hot")) == "unknown-account"
    assert books.refusal(AssignAddress(WHO, "bot", CHAIN, "0xnew", "deposits")) is None


def test_a_receipt_is_taken_once(books):
    books.give(receive())
    assert books.refusal(receive()) == "deposit-exists"
    assert books.refusal(receive(1)) == "deposit-exists"
    assert books.refusal(ReceiveDeposit(CHAIN, address_of(0), "hot", "ETH", 5, 0, "e2")) == "another-wallet"
    assert books.refusal(receive(evidence="e3", amount=0)) == "no-amount"
    assert books.refusal(receive(evidence="e4", dust=ONE)) == "no-amount"
    assert books.refusal(receive(evidence="e5", asset="DOGE")) == "unknown-asset"
    assert books.claim(WHO, "ETH") == (1000, 0)


def test_what_is_below_the_quantum_is_owed_until_it_fills_one(books):
    books.give(receive(evidence="a", amount=0, dust=ONE - 1))
    assert books.claim(WHO, "ETH") == (0, 0)
    assert books.exact("deposits", "ETH") == ONE - 1
    books.give(receive(evidence="b", amount=0, dust=1))
    assert books.claim(WHO, "ETH") == (1, 0)
    assert books.engine.custody.dust.owed == {}
    books.give(receive(evidence="c", amount=2, dust=5))
    assert books.exact("deposits", "ETH") == 3 * ONE + 5
    books.give(ReverseDeposit("b", "gone"))
    assert books.claim(WHO, "ETH") == (3, 0)
    books.give(ReverseDeposit("a", "gone"))
    assert books.claim(WHO, "ETH") == (2, 0)
    assert books.exact("deposits", "ETH") == 2 * ONE + 5


def test_a_receipt_for_nobody_is_owed_in_its_own_line_until_two_assign_it(books):
    events = books.give(ReceiveDeposit(BANK, "", "bank-1", "USD", 500, 0, "camt.053/bank-1/1"))
    assert facts.ReceiptHeld("camt.053/bank-1/1", "bank-1", "USD", 500) in events
    assert books.sums("USD")[AccountCode.RECEIPTS_UNCREDITED] == 500
    assert books.sums("USD")[AccountCode.CUSTODY_BANK] == 500
    assert books.refusal(AssignReceipt("other", WHO, "", "case 1")) == "unknown-receipt"
    books.give(AssignReceipt("camt.053/bank-1/1", WHO, "", "case 1"))
    assert books.claim(WHO, "USD") == (500, 0)
    assert books.sums("USD")[AccountCode.RECEIPTS_UNCREDITED] == 0
    assert books.refusal(AssignReceipt("camt.053/bank-1/1", WHO, "", "again")) == "unknown-receipt"
    books.give(ReverseDeposit("camt.053/bank-1/1", "recalled"))
    assert books.claim(WHO, "USD") == (0, 0)


def test_a_bank_reference_credits_whichever_bank_the_money_came_to(books):
    books.give(ReceiveDeposit(BANK, REFERENCE, "bank-1", "USD", 500, 0, "camt.053/bank-1/1"))
    assert books.claim(WHO, "USD") == (500, 0)


def test_receipts_of_a_paused_asset_are_kept_uncredited(books):
    books.give(PauseTransfers("ETH", "deposits", "chain upgrade"))
    books.give(receive(amount=10, dust=7))
    assert books.claim(WHO, "ETH") == (0, 0)
    assert books.exact("deposits", "ETH") == 10 * ONE + 7
    books.give(AssignReceipt("e1", None, "", "to capital"))
    assert books.sums("ETH")[AccountCode.OTHER] == 10
    books.give(ReverseDeposit("e1", "gone"))
    assert books.exact("deposits", "ETH") == 0


def test_a_reversed_receipt_that_was_spent_is_a_debt_and_stops_withdrawals_until_it_is_paid(books):
    books.give(receive(amount=1000))
    books.give(receive(amount=50, evidence="e2"))
    books.give(MoveBetweenSubaccounts(WHO, "", "bot", "ETH", 900))
    events = books.give(ReverseDeposit("e1", "reorganisation"))
    assert facts.DepositReversed("e1", WHO, "ETH", 850) in events
    assert books.claim(WHO, "ETH") == (900, 850)
    assert books.refusal(ask(10)) == "debt-stands"
    assert books.refusal(RepayDebt(WHO, "", "ETH", 851)) == "more-than-the-debt"
    books.give(MoveBetweenSubaccounts(WHO, "bot", "", "ETH", 900))
    books.give(RepayDebt(WHO, "", "ETH", 850))
    assert books.claim(WHO, "ETH") == (50, 0)
    assert books.refusal(ask(10)) is None


def test_a_withdrawal_that_waits_does_not_leave_over_a_debt(books):
    books.give(receive(amount=1000))
    books.capital("ETH", 5000)
    books.give(ask(1000))
    books.give(ReverseDeposit("e1", "reorganisation"))
    assert books.claim(WHO, "ETH") == (1000, 1000)
    assert books.refusal(send()) == "debt-stands"
    books.give(RejectWithdrawal(REQUEST, "its deposit is gone"))
    books.give(RepayDebt(WHO, "", "ETH", 1000))
    assert books.claim(WHO, "ETH") == (0, 0)


def test_a_reversal_of_what_was_moved_on_meets_the_write_off_by_hand(books):
    books.give(receive(amount=1000))
    books.give(MoveCustody("a" * 32, "deposits", "hot", "ETH", 900, 0, "0xd0", 0, "ab"))
    books.give(SettleCustodyMove("a" * 32, "tx", None))
    assert books.refusal(ReverseDeposit("e1", "gone")) is None
    assert books.claim(WHO, "ETH") == (0, 0)
    assert (books.exact("deposits", "ETH"), books.exact("hot", "ETH")) == (0, 900 * ONE)
    assert books.sums("ETH")[AccountCode.OTHER] == 900
    books.give(AdjustCustody("hot", "ETH", "out", 900, 0, "its sweep is gone too", "case 3"))
    assert books.sums("ETH")[AccountCode.OTHER] == 0 == books.exact("hot", "ETH")


# Withdrawals.


@pytest.fixture
def funded(books):
    books.give(receive(0, 10_000))
    books.give(receive(1, 10_000, evidence="e2"))
    books.capital("ETH", 50_000)
    return books


def test_a_withdrawal_goes_out_once(funded):
    with_fee(funded, 7)
    assert funded.refusal(ask(100)) is None
    assert funded.refusal(ask(100)) == "withdrawal-exists"
    assert funded.refusal(ask(100, who=OTHER)) == "withdrawal-exists"
    assert funded.refusal(SettleWithdrawal(REQUEST, "e", None)) == "withdrawal-is-held"
    assert funded.refusal(send()) is None
    assert funded.refusal(send(nonce=1)) == "withdrawal-is-sent"
    assert funded.claim(WHO, "ETH") == (10_000, 0), "the claim stands until the money is out"
    before = funded.exact("hot", "ETH")
    assert funded.refusal(SettleWithdrawal(REQUEST, "e", NetworkFee("ETH", 3, 5))) is None
    assert funded.claim(WHO, "ETH") == (10_000 - 107, 0)
    assert funded.exact("hot", "ETH") == before - 3 * ONE - 5
    for late in (
        SettleWithdrawal(REQUEST, "e", None),
        FailWithdrawal(REQUEST, "late", "e", None),
        send(nonce=1),
        RejectWithdrawal(REQUEST, "late"),
        ReplaceTransaction(REQUEST, 0, "cd"),
        ApproveWithdrawal(REQUEST),
    ):
        assert funded.refusal(late) == "withdrawal-is-settled"


def test_the_fee_is_the_assets_and_not_the_customers_word(funded):
    with_fee(funded, 7)
    funded.give(ask(100))
    funded.give(policy(fee=5))
    funded.give(send())
    funded.give(SettleWithdrawal(REQUEST, "e", None))
    assert funded.claim(WHO, "ETH") == (10_000 - 107, 0), "what was held is what is paid"
    assert funded.sums("ETH")[AccountCode.FEES] == 7


def test_a_sent_withdrawal_fails_by_evidence_alone_and_the_house_pays_the_gas(funded):
    with_fee(funded, 7)
    funded.give(ask(100))
    assert funded.refusal(FailWithdrawal(REQUEST, "no", None, NetworkFee("ETH", 1, 0))) == "nothing-was-sent"
    funded.give(send())
    assert funded.refusal(FailWithdrawal(REQUEST, "no", None, None)) == "evidence-needed"
    before = funded.exact("hot", "ETH")
    funded.give(FailWithdrawal(REQUEST, "reverted", "receipt", NetworkFee("ETH", 0, 21_000 * WEI)))
    assert funded.claim(WHO, "ETH") == (10_000, 0)
    assert funded.exact("hot", "ETH") == before + 100 * ONE - 21_000 * WEI
    assert funded.refusal(ask(100)) == "withdrawal-exists", "a request that failed is not asked again under its id"
    assert funded.refusal(ask(10_000, request="e" * 32)) == "exceeds-credits", "the fee comes on top"
    assert funded.refusal(ask(9_993, request="d" * 32)) is None


def test_a_gas_fee_that_the_books_cannot_bear_is_refused_whole(funded):
    funded.give(ask(100))
    funded.give(send())
    hash_before = funded.engine.deposits.document()
    assert funded.refusal(SettleWithdrawal(REQUEST, "e", NetworkFee("ETH", 10**6, 0))) == "custody-is-short"
    assert funded.refusal(SettleWithdrawal(REQUEST, "e", NetworkFee("DOGE", 1, 0))) == "unknown-asset"
    assert funded.refusal(SettleWithdrawal(REQUEST, "e", NetworkFee("ETH", 1, ONE))) == "dust-fills-a-quantum"
    assert funded.engine.deposits.document() == hash_before
    assert funded.refusal(SettleWithdrawal(REQUEST, "e", None)) is None


def test_nonces_follow_each_other_in_the_log(funded):
    for number in range(3):
        funded.give(ask(100, request=f"{number:032x}"))
    assert funded.refusal(send("0" * 32, nonce=5)) is None, "the first may be any: the key may be older than the log"
    assert funded.refusal(send(f"{1:032x}", nonce=5)) == "nonce-is-not-the-next"
    assert funded.refusal(send(f"{1:032x}", nonce=7)) == "nonce-is-not-the-next"
    assert funded.refusal(send(f"{1:032x}", nonce=None)) == "sender-and-nonce-do-not-fit"
    assert funded.refusal(send(f"{1:032x}", nonce=0, sender="")) == "sender-and-nonce-do-not-fit"
    assert funded.refusal(send(f"{1:032x}", nonce=6)) is None
    assert funded.refusal(send(f"{2:032x}", nonce=0, sender="0xbb")) is None, "another key counts for itself"
    assert funded.engine.custody.next_nonce("hot", "0xaa") == 7


def test_a_replacement_has_the_same_nonce(funded):
    funded.give(ask(100))
    assert funded.refusal(ReplaceTransaction(REQUEST, 0, "cd")) == "withdrawal-is-held"
    funded.give(ApproveWithdrawal(REQUEST))
    assert funded.refusal(ReplaceTransaction(REQUEST, 0, "cd")) == "withdrawal-is-approved"
    assert funded.refusal(SettleWithdrawal(REQUEST, "e", None)) == "withdrawal-is-approved"
    funded.give(send())
    assert funded.refusal(ReplaceTransaction(REQUEST, 1, "cd")) == "nonce-is-another"
    funded.give(ReplaceTransaction(REQUEST, 0, "cd"))
    assert funded.engine.withdrawals.withdrawals[REQUEST].transactions == ["ab", "cd"]
    assert funded.engine.custody.next_nonce("hot", "0xaa") == 1


@pytest.mark.parametrize(("amount", "needed"), [(99, 0), (100, 1), (999, 1), (1000, 2)])
def test_approvals_follow_the_amount(funded, amount, needed):
    funded.give(policy(one_operator_from=100, two_operators_from=1000))
    funded.give(ask(amount))
    if needed:
        assert funded.refusal(send()) == "approval-needed"
    if needed == 2:
        funded.give(ApproveWithdrawal(REQUEST))
        assert funded.refusal(send()) == "approval-needed"
        assert funded.refusal(ApproveWithdrawal(REQUEST)) == "approved-already"
        funded.give(ApproveWithdrawalByTwo(REQUEST))
    elif needed == 1:
        events = funded.give(ApproveWithdrawal(REQUEST))
        assert facts.WithdrawalMoved(REQUEST, "approved", WHO, "ETH", amount) in events
    assert funded.refusal(send()) is None


def test_what_was_tightened_holds_for_what_waits(funded):
    funded.give(ask(100))
    assert funded.engine.withdrawals.why_not(REQUEST) is None
    funded.give(policy(one_operator_from=50))
    assert funded.engine.withdrawals.why_not(REQUEST) == "approval-needed"
    funded.give(RejectWithdrawal(REQUEST, "not the customer"))
    assert funded.refusal(ask(10_000, request="e" * 32)) is None, "what was rejected is free again"


def test_what_loosens_waits_out_its_lock_and_what_tightens_does_not(funded):
    funded.give(policy(minimum=10, one_operator_from=100, daily_limit=1000))
    funded.give(policy(minimum=20, one_operator_from=500, daily_limit=500, listed_only=1))
    now = funded.engine.withdrawals.policy("ETH")
    assert (now.amount_min, now.one_operator_from, now.daily_limit, now.listed_only) == (20, 100, 500, True)
    funded.give(policy(listed_only=0))
    funded.give(Tick(), after_us=LOCK_US - 2)
    assert funded.engine.withdrawals.policy("ETH").one_operator_from == 100
    funded.give(Tick())
    later = funded.engine.withdrawals.policy("ETH")
    assert (later.one_operator_from, later.daily_limit, later.listed_only) == (500, 500, True)
    funded.give(Tick())
    assert not funded.engine.withdrawals.policy("ETH").listed_only


def test_unless_operators_say_otherwise_one_of_them_approves_everything():
    books = Treasury().open()
    from_the_table = PARAMETERS["withdrawals.one_operator_from"].default
    assert WithdrawalPolicy(0, 1, from_the_table, 2**63 - 1, 2**63 - 1, False).approvals(1) == 1
    assert books.engine.withdrawals.policy("BTC").approvals(1) == 1


def test_destinations_count_after_the_delay_and_stop_at_once(funded):
    funded.give(policy(listed_only=1))
    assert funded.refusal(ask()) == "destination-not-listed"
    funded.give(AddDestination(WHO, CHAIN, PLACE.upper().replace("0X", "0x")))
    assert funded.refusal(AddDestination(WHO, CHAIN, PLACE)) == "destination-exists"
    assert funded.refusal(ask(), after_us=DELAY_US - 3) == "destination-not-listed"
    assert funded.refusal(ask(who=OTHER)) == "destination-not-listed", "a list is its customer's"
    assert funded.refusal(ask(), after_us=1) is None
    funded.give(RemoveDestination(WHO, CHAIN, PLACE))
    assert funded.refusal(send()) == "destination-not-listed", "removed before it was signed"
    assert funded.refusal(RemoveDestination(WHO, CHAIN, PLACE)) == "unknown-destination"


def test_a_customer_may_ask_for_listed_destinations_alone(funded):
    funded.give(RequireDestinations(WHO, True))
    assert funded.refusal(ask()) == "destination-not-listed"
    assert funded.refusal(ask(who=OTHER, request="e" * 32)) is None
    funded.give(RequireDestinations(WHO, False))
    assert funded.refusal(ask(), after_us=DELAY_US - 1) == "destination-not-listed"
    assert funded.refusal(ask()) is None


def test_the_daily_limit_is_a_customers_for_a_day(funded):
    funded.give(policy(minimum=5, daily_limit=100))
    assert funded.refusal(ask(4)) == "below-the-minimum"
    assert funded.refusal(ask(101)) == "over-the-daily-limit"
    assert funded.refusal(ask(60, request="a" * 32)) is None
    assert funded.refusal(ask(41, request="b" * 32)) == "over-the-daily-limit"
    assert funded.refusal(ask(40, request="c" * 32)) is None
    assert funded.refusal(ask(100, request="d" * 32, who=OTHER)) is None
    assert funded.refusal(ask(100, request="e" * 32), after_us=86_400_000_000) is None


def test_nothing_leaves_while_it_is_paused_or_the_account_is_blocked(funded):
    funded.give(ask(10))
    assert funded.refusal(ResumeTransfers("ETH", "withdrawals", "r")) == "not-paused"
    funded.give(PauseTransfers("ETH", "withdrawals", "incident"))
    assert funded.refusal(PauseTransfers("ETH", "withdrawals", "again")) == "paused-already"
    assert funded.refusal(receive(evidence="e8")) is None, "deposits go on"
    assert funded.refusal(ask(10, request="e" * 32)) == "withdrawals-paused"
    assert funded.refusal(send()) == "withdrawals-paused"
    funded.give(ResumeTransfers("ETH", "withdrawals", "over"))
    funded.give(BlockAccount(WHO, True, "stolen password"))
    assert funded.refusal(send()) == "account-blocked"
    funded.give(BlockAccount(WHO, False, "back"))
    assert funded.refusal(send()) is None


def test_a_withdrawal_is_sent_from_what_the_wallet_has(funded):
    funded.give(ask(100))
    assert funded.refusal(send(wallet="deposits")) is None
    funded.give(receive(0, 10**6, evidence="e9"))
    funded.give(ask(60_000, request="e" * 32))
    assert funded.refusal(send("e" * 32, nonce=0)) == "custody-is-short"


# The exchange's own wallets.


def test_a_move_between_wallets_is_in_transit_until_it_arrives(funded):
    move = MoveCustody("a" * 32, "deposits", "hot", "ETH", 500, 7, "0xd0", 0, "ab")
    hot, deposits = funded.exact("hot", "ETH"), funded.exact("deposits", "ETH")
    assert funded.refusal(move) is None
    assert funded.refusal(move) == "move-exists"
    assert funded.exact("deposits", "ETH") == deposits - 500 * ONE - 7
    funded.check()
    fee = NetworkFee("ETH", 0, 21_000 * WEI)
    assert funded.refusal(SettleCustodyMove("a" * 32, "tx", fee)) is None
    assert funded.exact("hot", "ETH") == hot + 500 * ONE + 7
    assert funded.exact("deposits", "ETH") == deposits - 500 * ONE - 7 - 21_000 * WEI
    assert funded.refusal(FailCustodyMove("a" * 32, "late", None)) == "move-is-settled"


def test_a_failed_move_pays_its_gas_out_of_what_comes_back(funded):
    deposits = funded.exact("deposits", "ETH")
    funded.give(MoveCustody("a" * 32, "deposits", "hot", "ETH", 20_000, 0, "0xd0", 0, "ab"))
    assert funded.exact("deposits", "ETH") == 0
    funded.give(ReplaceTransaction("a" * 32, 0, "cd"))
    assert funded.refusal(FailCustodyMove("a" * 32, "reverted", NetworkFee("ETH", 3, 0))) is None
    assert funded.exact("deposits", "ETH") == deposits - 3 * ONE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"target": "deposits"}, "source-is-target"),
        ({"target": "elsewhere"}, "unknown-wallet"),
        ({"source": "elsewhere"}, "unknown-wallet"),
        ({"amount": 20_001}, "custody-is-short"),
        ({"amount": 0}, "no-amount"),
        ({"dust": ONE}, "no-amount"),
        ({"asset": "DOGE"}, "unknown-asset"),
    ],
)
def test_a_move_that_cannot_be_is_refused(funded, changes, reason):
    fields = {"source": "deposits", "target": "hot", "asset": "ETH", "amount": 5, "dust": 0} | changes
    move = MoveCustody("a" * 32, sender="0xd0", chain_nonce=0, transaction="ab", **fields)
    before = funded.engine.custody.document()
    assert funded.refusal(move) == reason
    assert funded.engine.custody.document() == before


def test_operators_make_the_books_follow_a_wallet_by_hand(funded):
    assert funded.refusal(AdjustCustody("bank-1", "USD", "in", 100, 0, "capital", "r")) is None
    assert funded.refusal(AdjustCustody("bank-1", "USD", "out", 101, 0, "charges", "r")) == "custody-is-short"
    assert funded.refusal(AdjustCustody("bank-1", "USD", "out", 7, 0, "charges", "r")) is None
    assert funded.sums("USD")[AccountCode.OTHER] == 93
    assert funded.refusal(AdjustCustody("hot", "ETH", "out", 0, 1, "lost", "r")) is None
    assert funded.exact("hot", "ETH") == 50_000 * ONE - 1
    assert funded.refusal(AdjustCustody("hot", "ETH", "in", 0, 0, "nothing", "r")) == "no-amount"
