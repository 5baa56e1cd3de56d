"""The door for balances from outside: one module per source, all of them feeding one collector with batches of text.

In: CSV, Parquet, SQL rows, or a published wide format. Out: flat columns of integers (`collector.Collector`), or every
problem of the input at once. Nothing here writes anything, and no message repeats an account id or an amount.
"""
