"""The command line, one module per reader (customer, auditor, operator), and the place where rooms are put together.

It knows every other room; no other room knows it.
"""
