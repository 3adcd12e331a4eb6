"""The command line: one command per file, loaded only when it is asked for."""
