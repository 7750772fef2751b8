"""Views put together from real certificates, for rules that need no socket."""

from dataclasses import replace
from datetime import datetime
from ipaddress import ip_address

from bot.demo.lab.pki import Issued
from bot.diagnosis.complete import Completion
from bot.diagnosis.fault import Fault, FaultKind
from bot.diagnosis.handshake import Handshake
from bot.diagnosis.path import best_path
from bot.diagnosis.report import Target
from bot.diagnosis.view import View
from tests.diagnosis.chains import HOST, ROOT, Case, read
from tests.diagnosis.servers import NOW

DONE = Handshake(
    ip_address("192.0.2.1"),
    443,
    connected=True,
    completed=True,
    tls_version="TLSv1.3",
    cipher="TLS_AES_256_GCM_SHA384",
)


def view_of(case: Case, *fetched: Issued, host: str = HOST, seen: Handshake | None = DONE) -> View:
    """What was seen of a case: sent by a server, completed with what could be fetched."""
    leaf, *rest = sent = case.certificates
    as_sent = best_path(leaf, rest, (), case.trust, case.at)
    view = View(
        target=Target(input=host, host=host),
        at=case.at,
        trust=case.trust,
        handshake=seen,
        sent=sent,
        verdict=case.trust.verify(sent, case.at),
        as_sent=as_sent,
    )
    if not fetched:
        return view
    path = best_path(leaf, rest, read(*fetched), case.trust, case.at)
    return replace(view, completion=Completion(path, (), read(*fetched)))


def fault_view(
    kind: FaultKind, reason: str = "", *, at: datetime = NOW, alert: int | None = None
) -> View:
    """What was seen where no chain came."""
    connected = kind not in ("denied", "refused", "no_route", "connect_timeout")
    seen = Handshake(
        ip_address("192.0.2.9"), 443, connected=connected, fault=Fault(kind, reason, alert)
    )
    return View(Target(input=HOST, host=HOST), at, Case((), (ROOT,)).trust, seen)
