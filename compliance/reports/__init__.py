"""What people file and read, rendered: documents in, pages, prints and data out.

A function of another folder (a regime's pack, a surveillance case, a statement in cli/) returns a `document.Document`,
every word and figure as text; `html`, `pdf`, `csv_` and `json_` show the same document, and none reads a clock.
"""
