"""Simulated modems and the network between them, for tests, demos and other people.

A simulated modem takes bytes and gives bytes; it knows nothing of who talks to it.
It shares only the code tables and the TPDU codec with the gateway, so the two can
agree only through the wire.
"""
