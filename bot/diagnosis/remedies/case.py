"""The names, files and places of one case, for the commands. Pure.

Only what cannot be taken for anything else by a shell comes in here: the host of a `Target` is
plain ASCII without spaces or quotes. Names out of certificates stay in the texts.
"""

import re

from pydantic import JsonValue

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


# A proxy as evidence names it; what a shell could take for something else is left out.
_PROXY = re.compile(r"(https://)?[A-Za-z0-9._-]+:[0-9]+|(https://)?\[[0-9A-Fa-f:.]+\]:[0-9]+")


def words_of(
    target: Target, address: str | None = None, via: JsonValue | None = None
) -> dict[str, str]:
    """What stands in for the placeholders of a command.

    Args:
        target: The host that the commands name.
        address: The commands connect there in place of the name's own addresses.
        via: The proxy that the check went through; the commands go the same way.
    """
    named = ":" not in target.host and not target.host.replace(".", "").isdigit()
    host = _bracketed(address or target.host)
    proxy = via if isinstance(via, str) and _PROXY.fullmatch(via) else None
    # s_client speaks to proxies in the clear only.
    by_proxy = f" -proxy {proxy}" if proxy and "://" not in proxy else ""
    port = "" if target.port == 443 else f":{target.port}"
    return {
        "host": target.host,
        "port": str(target.port),
        "connect": f"{host}:{target.port}",
        "sni": (f" -servername {target.host}" if named else "")
        + (f" -starttls {target.starttls}" if target.starttls else "")
        + by_proxy,
        "curl_by_proxy": f" --proxy {_proxy_url(proxy)}" if proxy else "",
        "url": f"https://{_bracketed(target.host)}{port}/",
        "file": target.host.replace(":", "-"),
        # Names of objects in Kubernetes and the clouds: letters, digits and hyphens.
        "name": target.host.replace(":", "-").replace(".", "-").replace("_", "-").strip("-"),
    }


def _proxy_url(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
