"""A regime's packs: `PackInput` in, a `Pack` out: documents for people, and files for programs.

`pack.py` is what comes out; `blocks.py` the parts that every regime's documents are put together from (cover, verdicts
by section, coverage, missing data, procedures and findings, wallets, sign-off, evidence, what is not covered);
`texts.py` their words. Each regime has a module of its own with a function `pack`. Nothing here reads a clock, a file
or a network; whoever writes the pack to disk renders the documents and copies the attachments.
"""
