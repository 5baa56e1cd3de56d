"""Proof of reserves: liabilities, reserves, attestations, proofs and the verifiers of all of them.

What flows in: balances and reserve addresses. What flows out: an evidence bundle, one folder an hour.
This room imports ledger's canonical bytes, keys and assets, and nothing that trades; never compliance or cli.
"""
