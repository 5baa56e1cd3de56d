"""What people file and read, rendered: documents in; pages, prints, data and folders out.

A function elsewhere (a regime's pack, a surveillance case, a statement in cli/) returns a `document.Document`, every
word and figure as text, and everything here shows that same document. None of it reads a clock, a locale or the
network, and the same document gives the same bytes; `sign` alone is different, because a signature is.

    document, chart, status     what is shown, as data: blocks, tables, charts, procedures, places to sign, evidence
    inputs, pack                what a regime's pack is made from, and a pack as data
    packs/                      the regimes' packs: the parts that they share, and what each has of its own
    texts                       its words in English and Japanese
    claims                      what a document of ours must not call itself; every renderer asks it first
    html, pdf, csv_, json_      the forms; `drawing` lays out charts for the first two, pdf_* is the second's inside
    write                       a whole pack in a folder, with index and manifest
    sign                        PAdES signatures on PDFs
    schemas/                    the JSON Schemas of pack.json and manifest.json

Imports compliance's facts, rules and verdicts, por's pages and ledger's canonical bytes; nothing here judges anything.
"""
