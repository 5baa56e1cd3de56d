"""Rules as data, verdicts with evidence, and the reports of four regimes. A door only: the room is not yet built.

It will read attestations and ledger facts through por and ledger, and is imported by cli alone.
"""
