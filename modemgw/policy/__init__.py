"""Decisions without effects: values in, values out. Layer 2, pure."""
