"""The exchange: canonical bytes, keys, assets; double-entry ledger, command log and door, order books, and the engine.

Outside books need the first three only. The rest is an exchange in parts: an engine for spot trading, deposits and
withdrawals stands (engine.py); what runs it on a clock, stores it and lends is to come (docs/decisions/engine.md).

What flows in: signed commands and facts from outside. What flows out: events, balance changes among them.
This room imports none of por, compliance, cli or templates.
"""
