"""Procedures that a practitioner was asked to perform on one bundle or a run of them, and what each one found.

In: folders of bundles, the audits already made of them (por.verify.audit), and what the practitioner brings: a seed,
ids that must be there. Out: outcomes by procedure and bundle, samples, commands around each cut, and figures over the
hours. Nothing is judged here beyond what a check found, and what was not done is never an answer. No network, no clock;
a layer above the audit, which is not repeated. It stands in this room because it reads the exchange's log, which por
may not. compliance.reports.packs.aup shows what was found; cli.procedures is the verb.
"""
