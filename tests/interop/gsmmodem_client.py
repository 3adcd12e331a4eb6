"""A small program on python-gsmmodem-new; it says what happens, a line each.

It runs as a process of its own: the library leaves threads and warnings behind.
Usage: gsmmodem_client.py PORT RECIPIENT OWN_NUMBER [ussd]
"""

import json
import queue
import sys
from contextlib import suppress
from typing import Any

from gsmmodem.exceptions import GsmModemException
from gsmmodem.modem import GsmModem

DEADLINE_S = 20.0


def say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main(port: str, recipient: str, own: str, ussd: str = "") -> None:
    arrived: queue.Queue[Any] = queue.Queue()
    modem = GsmModem(port, 115200, smsReceivedCallbackFunc=arrived.put)
    modem.connect()
    say(
        imei=modem.imei, imsi=modem.imsi, network=modem.networkName, own=modem.ownNumber
    )
    modem.waitForNetworkCoverage(DEADLINE_S)
    sent = modem.sendSms(
        recipient, "mit Bericht", waitForDeliveryReport=True, deliveryTimeout=DEADLINE_S
    )
    say(status=sent.status, delivered=sent.report.deliveryStatus)
    with suppress(GsmModemException):
        # The library loses an arrival whose report comes while it is being read.
        modem.write("AT+CNMI=2,1,0,0,0")
    modem.sendSms(own, "an mich: äöü €")
    received = arrived.get(timeout=DEADLINE_S)
    say(sender=received.number, text=received.text)
    if ussd:
        say(ussd=modem.sendUssd("*100#").message)
    modem.close()
    say(done=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
