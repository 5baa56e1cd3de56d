"""Money in and out: what the treasury asks of chains and banks, and what it makes of their facts.

In flow receipts, reversals, bank lines and outcomes from clients that satisfy `protocols` (por's do); out flow commands
for the log, and bytes to broadcast that the log already holds. `deposits` and `withdrawals` decide which command a fact
becomes, `reconcile` compares the books with chains and banks, `policy` and `dust` are rules that the engine's money
desk follows. Nothing here opens a connection, reads a clock or imports a chain: `cli` hands the clients in.
"""
