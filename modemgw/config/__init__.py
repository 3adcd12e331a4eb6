"""The configuration file: where each value was written, what it means, its defaults."""
