"""The hour of the embedded exchange: from the cut of its log to the signed root, while trading goes on.

In: plain data that cli/ takes from the engine, log and store (facts of the cut, balances read at its log position, the
zero-sum report), the live trees' slots and roots, and readers of the reserves. Out: the hour's bundle or the statement
that the hour failed, and the next hour's trees, drawn. Nothing of the engine, log, store or journal is imported here.

    sections.py   what an attestation states of a ledger: its own sections beside those of outside books
    balances.py   balances at the cut as flat columns, and the books that a bundle is made from
    close.py      the close of one hour, in a second process
    pairing.py    the cut and one block of each chain
    replay.py     balances that an auditor's replay gave, against a bundle
"""
