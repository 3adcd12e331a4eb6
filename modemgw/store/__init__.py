"""The database: one writer, short readers, named statements, plain rows.

Nothing here knows of modems. Functions take a connection first and run inside
a job of the writer or a query of the reader; they know nothing of asyncio.
"""
