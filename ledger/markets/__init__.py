"""What a kind of market adds to a book: the money behind a margin order, a perpetual's positions, and its protection.

A book asks its `Funds` (ledger/trading/protocols.py) and knows no balance. Cash orders of spot markets are held in full
by `ledger.trading.holds`; here is everything that holds equity instead of coins.
"""
