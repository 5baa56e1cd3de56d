"""The public view: static pages written from the signed files of one exchange, and from nothing else.

In: bundles (or single attestations) and the exchange's key. Out: a folder of pages and downloads that works from disk.
No network, no clock, no hand: the same files give the same bytes, so anyone can write the pages again and compare.
What an hour's page says is what an audit of that hour's downloads says. May not import what trades, nor cli.
"""
