"""Rules of four regimes as data, verdicts with evidence, and what people file. May import por and ledger.

In: signed statements of hours, the store that follows the log, and what only the firm knows. Out: verdicts and packs.

    facts.py, catalogue.py     what a rule may ask about, each with its evidence
    sources/, gathering.py     facts from statements, store and log; put together for an hour
    register.py, firm_values.py  facts that only the firm knows: dated, signed, never overwritten
    rules.py, regimes/         rules as rows: cited, dated, with how far their text was read
    primitives/, formulas.py   the thirteen predicates that decide all of them
    calendars.py               business days and deadlines
    evaluate.py, verdicts.py   a rule set held against facts: pass, fail, not applicable, insufficient data
    results.py                 evaluations kept in a signed chain
    pack_input.py, reports/    packs over a period, as HTML, PDF, CSV and JSON
    surveillance/              detectors over the order log, cases, drafts of reports
    travel_rule/, screening/   data that travel with transfers; sanctions lists
    retention/                 how long records are kept, the archive, erasure
    transactions/, tax/        files of single transactions; lots and tax forms
    statements.py              which clients' statements were made when

Begin with `evaluate.py` and `tests/compliance/test_core.py`. Nothing here reads a clock: moments are arguments.
"""
