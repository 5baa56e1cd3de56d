"""The retention room: what must be kept, for how long, where, and an archive that shows that it was.

In flow documents, or the hashes of files that stay where they are, each with a record class, the regimes that ask for
it and the days that start its clocks. Out flow a chain of records in files that are only ever appended to, a signed
statement a day over one Merkle root, a time stamp over that root by somebody else, the day until which each record is
kept and by which rule, a list of what is due for disposal, and facts for rules.

- `classes`, `clocks`, `clock_table`: record classes, and the dated, cited table of periods. Pure.
- `records`, `codec`, `chain`: the bytes of a record and of the files they stand in (docs/spec/archive.md). Pure.
- `objects`: documents written once. `archive`: the one writer. `view`: what the chain says at a moment.
- `days`, `timestamps`, `authority`: daily roots and their signature, RFC 3161, orders of two operators.
- `sealing`: documents about a customer, under that customer's key. `disposal`: deletion, erasure, what is due.
- `gather`: what goes in for a day. `verifying`, `drill`, `regions`: checks of everything, the restore drill, where
  copies are. `facts`, `rule_facts`, `report`: what rules and people are told.

Nothing here reads a clock: times come in as arguments. The room knows nothing of an exchange's folder; that is
cli/retention.py. It imports ledger and por, and only cli and its sister rooms import it.
"""
