"""Families of modems, a file for each maker."""
