"""Troubles of status reports: odd headers, lying slots, statuses in turn."""

from collections.abc import Mapping

from modemgw.sim.sandbox import BUFFERED, DELIVERED, EXPIRED
from modemgw.sim.troubles.model import Named

STORED_ONLY = ((0, 1, 2), (0, 1), (0, 2), (0, 2), (0, 1))

REPORTS: Mapping[str, Named] = {
    "cdsi-wrong-memory": Named(
        "+CDSI names slot 0 of SM, the report is in SR",
        persona={"report_notice": '+CDSI: "SM",0', "cnmi": STORED_ONLY},
        number=50,
    ),
    "cds-comma": Named(
        "a comma before the length of +CDS",
        persona={"report_header": "+CDS: ,{length}"},
        number=51,
    ),
    "padded-reports": Named(
        "150 octets of padding behind every report",
        {"report_padding": 150},
        number=52,
    ),
    "buffered-report": Named(
        "reports say first still trying (0x22), and 30 s later delivered",
        {"report_statuses": (BUFFERED, DELIVERED)},
        number=53,
    ),
    "filtered": Named(
        "every message is accepted and never delivered: a SIM taken for a spammer",
        {"report_statuses": (EXPIRED,)},
    ),
    "national-report": Named(
        "reports name recipients in +49 without the country code",
        {"national_reports": "+49"},
        number=55,
    ),
}
