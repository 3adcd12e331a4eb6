"""One actor per modem: it owns the port, talks AT, and keeps the modem in service."""
