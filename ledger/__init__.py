"""The exchange: canonical bytes, keys and assets today; books, command log and engine as they are built.

What flows in: signed commands and facts from outside. What flows out: events, balance changes among them.
This room imports none of por, compliance, cli or templates.
"""
