"""Transaction-level files: one streaming pass over the exchange's store becomes the reports that list every trade,
every event of an order and every movement of money.

In: a read transaction over the store and log positions (`reader`), the log for what was signed (`terms`), the firm's
own reference data (`reference`). Out, one record at a time and in bounded memory:

    records            what a trade, an order's event, a transfer and a price are; made of nothing else
    rts22, rts22_xml   EU transaction reports, their lint (`rts22_fields`) and their reconciliation (`rts22_reconcile`)
    order_book         EU order-book records as JSON; `order_trade_ratio` counts over the same events
    journals           the books of Japan, the United States and Dubai, and how complete their fields are
    files              writes each of these into a folder with a manifest of counts, hashes and marks

What is derived without an official schema says so in every file. Imports `ledger` and `por`; never `cli`.
"""
