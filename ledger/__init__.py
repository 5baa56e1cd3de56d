"""The exchange: canonical bytes, keys, assets; double-entry ledger, command log and door, order books, and the engine.

Outside books need the first three only. The rest is an exchange: commands pass the door into the log, the engine
applies them, and followers (store, live trees, treasury) take its facts. Begin with venue.py, which joins door, log and
engine, then engine.py and its desks; docs/decisions/engine.md says why it is so.

What flows in: signed commands and facts from outside. What flows out: events, balance changes among them.
This room imports none of por, compliance, cli or templates.
"""
