"""Alembic's migrations of the store, shipped with the package. `ledger.store.database.upgrade` runs them on open.

A change of `ledger.store.schema` comes with a migration of its own here; those that were released never change.
"""
