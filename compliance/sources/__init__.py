"""Where facts come from. In: signed statements of hours, the store that follows the log, other rooms. Out: `Fact`s.

    attested.py   the chain of hourly statements: claims, reserves by owner and custody, wallets, hours, client money
    wallets.py    whose each reserve address is, by the ledger's dated register or the firm's word
    books.py      the store at a log position: customers, deposits, withdrawals, postings, orders against trades
    prices.py     values in money at the reference prices of the log
    kept.py       what earlier evaluations kept: daily figures by state, averages over a period

A source states only what it saw. What it could not see it leaves out, and the rules say *insufficient data*.
"""
