"""Send with python-gsmmodem-new: beside.py MESSAGES PORT…

One thread per modem, reports asked for and not waited for, which is the best it can
do. Says `ready`, waits for a line, sends, says `done`, and waits to be ended.
"""

import sys
import threading

from gsmmodem.modem import GsmModem


def send(modem: GsmModem, numbers: range) -> None:
    """Send a message to each of these numbers."""
    for n in numbers:
        modem.sendSms(f"+49151{n:08d}", f"benchmark {n}", waitForDeliveryReport=False)


def main() -> None:
    """Connect all, send when told to."""
    messages, ports = int(sys.argv[1]), sys.argv[2:]
    modems = [GsmModem(port, 115200, requestDelivery=True) for port in ports]
    for modem in modems:
        modem.connect()
        modem.waitForNetworkCoverage(20)
    print("ready", flush=True)
    sys.stdin.readline()
    threads = [
        threading.Thread(target=send, args=(modem, range(at, messages, len(modems))))
        for at, modem in enumerate(modems)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("done", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
