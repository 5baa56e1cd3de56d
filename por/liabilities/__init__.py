"""What is owed: outside books read in, Merkle-sum trees over them, statements, proofs.

In: rows of account, asset, claim, debt. Out: tree roots, one proof a customer. Formats: docs/spec/trees.md.
"""
