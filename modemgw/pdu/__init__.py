"""SMS transfer-layer PDUs: octets in, values out, and back (TS 23.040, TS 23.038).

Pure: nothing here knows of modems, time or storage. Start at `decode.decode` for
what a modem shows and at `segment.segment` with `submit.render` for what it sends.
"""
