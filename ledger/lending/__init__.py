"""Lending pools: one for each asset, what it asks and pays, and what it still gives out. Pure.

What flows in: what is lent and borrowed in an asset, the parameters in force, time. What flows out: the rate that
follows from utilisation, interest by account in quanta, and how much may still be borrowed or redeemed.
`ledger.desks.lending` holds the state and posts. Source: exchange.md section 1.
"""
