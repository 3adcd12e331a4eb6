"""The command line, with and without a daemon."""
