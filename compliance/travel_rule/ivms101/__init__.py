"""IVMS101, the interVASP messaging standard: its data model, both versions, read and written strictly.

In: JSON of a counterparty or of the firm's own customer records. Out: a `Payload` of frozen dataclasses, its JSON, a
list of what breaks the standard's constraints, a JSON Schema. Pure: today's date and lists of codes are arguments.

    model.py        the components, each element with its name in each version, its multiplicity and its datatype
    datatypes.py    texts by length and alphabet, code lists, countries
    reading.py      JSON -> Payload; everything unknown, missing or loosely written is refused with its path
    writing.py      Payload -> JSON
    constraints.py  C1 to C12 of the standard
    convert.py      2020 <-> 2023
    schema.py       the JSON Schema of a version, made of the same tables

Sources: IVMS 101 interVASP data model standard, issue 1 (May 2020), and IVMS101.2023 (August 2023), intervasp.org,
sections 5 and 6. The standard fixes no JSON; ours is stated in docs/spec/travel-rule-messages.md.
"""
