"""What the OpenAPI document says in words where no struct or docstring does."""

# The headings under which routes stand, in the order in which people need them.
TAGS = {
    "messages": "queue, look at, cancel, settle, send again",
    "batches": "many at once, and how far they are",
    "verifications": "one-time codes, sent and checked",
    "events": "what happens, as pages or as a stream",
    "webhooks": "what happens, pushed to you",
    "sims": "the pool: health, money, USSD, self-tests",
    "modems": "the hardware, and a hand on it",
    "suppressions": "who wants no more messages",
    "sending": "stop, start, apply the configuration",
    "usage": "parts and money, by day and month",
    "keys": "who may do what; OAuth tokens",
    "privacy": "everything about one number: shown, or erased",
    "audit": "who did what",
    "setup": "the first key of a new gateway",
    "monitoring": "for probes and Prometheus",
    "documentation": "this document, its viewer, every kind of error",
}
_PLACES = {
    **dict.fromkeys(("healthz", "readyz", "metrics"), "monitoring"),
    **dict.fromkeys(("docs", "problems", "openapi.json"), "documentation"),
    **dict.fromkeys(("pause", "resume", "reload"), "sending"),
    **dict.fromkeys(("oauth", "ca.pem"), "keys"),
    "selftests": "sims",
    "setup-link": "setup",
}
PARAMETERS = {
    "action": "what was done",
    "batch_id": "of this batch: bat_…",
    "by": "one row for each day, or each month",
    "count": "also count all that fit: slower",
    "cursor": "`next_cursor` of the page before",
    "delivery": "dlv_…",
    "direction": "only messages that went out, or only received ones",
    "dry_run": "check it, and say what it would be; nothing is sent",
    "duplicate": "what to do where the same text went to the same number lately",
    "file": "a part of the viewer",
    "from": "the sender: a number, or the name of one such as Bank",
    "id": "as in the `id` of the resource; SIMs and modems also by name",
    "key": "id of a key",
    "limit": "at most so many",
    "object": "what it was done to: an id",
    "q": "part of the text or of the number",
    "reference": "yours, as it was given with the message",
    "session": "ussd_…, as the first answer said",
    "sim": "the name of a SIM",
    "since": "from there on",
    "state": "only in this state; of messages one or more, comma separated",
    "tag": "with this tag",
    "ticket": "instead of a key, for browsers; good for one use",
    "to": "the recipient",
    "token": "the last part of the link",
    "type": "the last part of `type` of a problem",
    "types": "patterns, comma separated: message.*,sim.up",
    "until": "up to there",
    "wait": "seconds to wait for a verdict before answering",
}
_INSTANT = "RFC 3339, with a zone"
_FORMS = {"since": _INSTANT, "until": _INSTANT}  # where a struct says no other
HEADERS = {
    "Idempotency-Key": "1 to 255 printable ASCII characters; the same key with the "
    "same body within 24 hours gets the first answer again",
}


def tag_of(path: str) -> str:
    """Return the heading under which a route stands."""
    first = path.strip("/").removeprefix("v1/").split("/")[0]
    return _PLACES.get(first, first)


def meaning(name: str, own: str | None) -> str:
    """Say what a parameter is, with what its struct says: the unit, an example."""
    words, own = PARAMETERS[name], own or _FORMS.get(name)
    return words if not own or own in words else f"{words} ({own})"
