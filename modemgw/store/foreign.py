"""Statements for databases of other programs. Ours are in queries/*.sql.

They cannot be there: the tests compile all of those against our own schema.
"""

# gammu-smsd. All columns are wanted: which there are depends on its version.
GAMMU = {
    "tables": "SELECT name FROM sqlite_schema WHERE type = 'table'",
    "outbox": "SELECT * FROM outbox ORDER BY ID",
    "parts": "SELECT * FROM outbox_multipart WHERE ID = :id ORDER BY SequencePosition",
    "sent": "SELECT * FROM sentitems ORDER BY ID, SequencePosition",
    "inbox": "SELECT * FROM inbox ORDER BY ID",
}
