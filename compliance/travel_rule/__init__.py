"""The travel rule: who sends to whom travels beside the transfer, and what is incomplete is not credited and not sent.

In: what the treasury is about to credit or send, messages of other institutions, the firm's records of customers,
counterparties and self-hosted wallets, prices with their source and time. Out: decisions with their evidence, signed
and sealed messages, a hash-chained log, facts for the rules. Nothing here moves money: the treasury asks a gate, and
what it then does is an ordinary command in the engine's log.

    ivms101/          the data model of names and addresses, strict, both versions
    regimes.py        thresholds, comparators and required fields per regime: dated, cited, one table
    assess.py         a transfer and what is known of it -> required? missing? hold? proof of ownership?
    ownership.py      proofs that a customer controls a self-hosted wallet
    counterparties.py the register of institutions, with the dates of their due diligence
    messages.py       one signed and sealed message; the rules that a receiver checks are in its docstring
    conversation.py   what may follow what about one transfer; pure
    log.py            append-only, hash-chained; personal data sealed apart, so that erasure breaks no chain
    node.py           an institution's own side: sends, receives, answers, records
    server.py         the node over HTTP, for reference; client side in it too
    gate.py           what the treasury asks before it credits and before it sends
    facts.py          what is known of a period's transfers, one record a transfer and regime
    room.py           the same as facts of the catalogue, for the rules

Imports ledger and por; nothing of cli. Times are arguments (Unix seconds); randomness comes from the caller.
"""
