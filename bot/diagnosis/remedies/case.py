"""The names, files and places of one case, for the commands. Pure.

Only what cannot be taken for anything else by a shell comes in here: the host of a `Target` is
plain ASCII without spaces or quotes. Names out of certificates stay in the texts.
"""

from bot.diagnosis.remedies.software.entry import Service
from bot.diagnosis.report import Target

_SERVICES: dict[str, Service] = {
    "smtp": "smtp",
    "imap": "imap",
    "pop3": "imap",
    "sieve": "imap",
    "postgres": "postgres",
    "mysql": "mysql",
}
# IANA service names: what speaks TLS from the first byte there, or begins in the clear.
_PORTS: dict[int, Service] = {
    25: "smtp",
    465: "smtp",
    587: "smtp",
    2525: "smtp",
    110: "imap",
    143: "imap",
    993: "imap",
    995: "imap",
    4190: "imap",
    5432: "postgres",
    3306: "mysql",
    21: "other",
    389: "other",
    636: "other",
    990: "other",
    5222: "other",
    5269: "other",
    6379: "other",
    6380: "other",
}


def service_of(target: Target) -> Service:
    """What is served there, by the protocol and the port."""
    if target.starttls is not None:
        return _SERVICES.get(target.starttls, "other")
    return _PORTS.get(target.port, "web")


def words_of(target: Target, address: str | None = None) -> dict[str, str]:
    """What stands in for the placeholders of a command.

    Args:
        target: The host that the commands name.
        address: The commands connect there in place of the name's own addresses.
    """
    named = ":" not in target.host and not target.host.replace(".", "").isdigit()
    host = _bracketed(address or target.host)
    port = "" if target.port == 443 else f":{target.port}"
    return {
        "host": target.host,
        "port": str(target.port),
        "connect": f"{host}:{target.port}",
        "sni": (f" -servername {target.host}" if named else "")
        + (f" -starttls {target.starttls}" if target.starttls else ""),
        "url": f"https://{_bracketed(target.host)}{port}/",
        "file": target.host.replace(":", "-"),
        # Names of objects in Kubernetes and the clouds: letters, digits and hyphens.
        "name": target.host.replace(":", "-").replace(".", "-").replace("_", "-").strip("-"),
    }


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
