"""Where facts come from. In: signed statements of hours, the store that follows the log, other rooms. Out: `Fact`s.

    attested.py   the chain of hourly statements: claims, reserves by owner and custody, wallets, hours, client money
    wallets.py    whose each reserve address is, by the ledger's dated register or the firm's word
    books.py      the store at a log position: customers, deposits, withdrawals, postings, orders against trades
    movements.py  deposits and withdrawals: every one, or of very many the slowest and a count of the others
    stored.py     events of the store, many at a time
    counted.py    what the database counts beside: charges, orders, fills; movements.py: deposits, withdrawals
    engine.py     what the embedded engine runs and does not, its settlement, trades of the house
    venue_controls.py, protection.py   controls that the parameters in force switch on; halts, orders beyond limits
    wallet_facts.py    margin, lending, derivatives: margin.py, cfd.py, lending.py, over margin_book.py (wallets and
                  their health at the cut), margin_terms.py, pools.py, liquidations.py
    in_force.py, listed_markets.py, marks.py   parameters and markets as they were at a position
    deciding.py   of very many records those that decide
    chain.py      bundles read and checked, one after the other
    prices.py     values in money at the reference prices of the log
    kept.py       what earlier evaluations kept: daily figures by state, averages over a period
    activity.py   trades and transmissions of a period as lines of the US call report, firm and by state
    transaction_files.py   manifests of transaction-level files: the EU's list of files with hash, count and schema

A source states only what it saw. What it could not see it leaves out, and the rules say *insufficient data*.
"""
