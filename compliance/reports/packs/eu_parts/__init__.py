"""The European Union's own blocks: one module for each group of tables, all of them from a `PackInput` alone.

Every block names the rules that it bears on, and where a fact is not known it says which, and who gives it.
"""
