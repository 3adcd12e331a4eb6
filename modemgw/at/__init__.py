"""The AT language: bytes to events, commands, result codes, vendor differences.

Layer 1, pure: no port, no clock, no task. What happens with the events is the
business of `modemgw.modem`.
"""
