"""Spot trading: order books, matching, price protection, holds and fees, as a pure library.

What flows in: orders and operator's instructions as flat rows of integers, one command at a time, with time and outside
prices in the command. What flows out: reports, in an order that is part of the contract, and questions to a `Funds`
about money. Nothing here knows a balance, a clock or a name, and nothing may be imported here from outside
`ledger.assets` and `ledger.errors`.
"""
