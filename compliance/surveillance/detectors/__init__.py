"""The detectors: pure functions from frames, inputs and parameters to alerts, one module for each kind of evidence.

`ma_trades` (who traded with whom), `ma_orders` (what stood in the book and went), `ma_prices` (who moved the price),
`ma_others` (against clients and news), `aml_money` (what came and left), `aml_links` (through which addresses).
"""
