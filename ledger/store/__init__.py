"""The store: a database that follows the log and answers about the past. SQLite by default, PostgreSQL by URL.

What flows in: what the engine made of each batch of the log (`StoreBatch`), after it was durable there. What flows out:
balances at a position or time, statements, entries, orders, events, and a snapshot of what is owed for the hour. It
decides nothing, is never ahead of the log and can be made again from it. Nothing that trades imports it.
"""
