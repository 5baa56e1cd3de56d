"""Taxes that an exchange reports for its clients: lots and their basis, Form 1099-DA rows, CARF and DAC8 files.

In: the typed records of `compliance.transactions`, what clients certified of themselves (`people`, from the personal
store), dated parameters (`parameters`). Out: disposals with the lots they came from (`lots`, `movements`), 1099-DA rows
(`form_1099_da`), CARF figures by user, asset and kind (`carf`) and their XML (`carf_xml`), all written by `files`.

Amounts are exact fractions of the reporting currency and are rounded once, where they are written. What cannot be
valued, or whose owner is not certified, stands in a list of exceptions; nothing is dropped. Not advice, and no claim
that a return is right: the figures are what the ledger shows under the stated method.
"""
