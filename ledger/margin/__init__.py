"""The one wallet: what a subaccount's assets, debts, positions and orders are worth and require together. Pure.

What flows in: an account's lines in quanta, steps and ticks, prices and marks, and the terms in force. What flows out:
equity, requirements and the levels between them; marks, premiums and funding; plans of liquidation. Nothing here posts
or decides when: that is done by `ledger.desks.margin`, `.liquidation` and `.lending`. Values are integers of 10^-18 of
the unit of account. Source: exchange.md sections 2 to 6; every formula names its own.
"""
