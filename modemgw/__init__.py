"""modemgw: the SMS gateway for a Raspberry Pi with USB GSM sticks.

Importing this package imports nothing else.
"""

__version__ = "0.1.0"
