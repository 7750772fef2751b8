"""What a machine's own trust stores say of a server, as a person reads it."""

from datetime import date

import pytest

from bot.diagnosis.report import MachineTrust, PathCertificate, Report, Verification
from bot.diagnosis.roots import newest
from bot.texts.machine import machine_sentences
from tests.store.samples import question, report

X1 = "96bcec06264976f37460779acf28c5a7cfe8a3c0aae11a8ffcee05c0bddf08c6"
NOT_THERE = Verification(code=20, message="unable to get local issuer certificate")


def there(**changed: object) -> Report:
    """A Report from prod-tokyo, whose Debian has a bundle of 2016 without ISRG Root X1."""
    store = MachineTrust(
        store="/etc/ssl/certs/ca-certificates.crt",
        kind="system",
        roots=150,
        since=date(2016, 2, 28),
        until=date(2016, 2, 28),
        verify=NOT_THERE,
        lacks="ISRG Root X1",
        lacks_sha256=X1,
    ).model_copy(update=changed)
    path = (PathCertificate(subject="CN=ISRG Root X1", sha256=X1, source="bundled"),)
    changes = {"vantage": "prod-tokyo", "machine": (store,), "path": path}
    return report(question()).model_copy(update=changes)


def test_an_old_bundle() -> None:
    """Which one, how old, what it lacks, who notices, what helps."""
    [english] = machine_sentences(there(), "en")
    assert english == (
        "On prod-tokyo the CA bundle /etc/ssl/certs/ca-certificates.crt is from about 2016 and lacks "
        "ISRG Root X1: curl, OpenSSL and most programs there refuse this server until the package "
        "ca-certificates is updated."
    )
    [japanese] = machine_sentences(there(), "ja")
    assert japanese.startswith(
        "prod-tokyo のCAバンドル /etc/ssl/certs/ca-certificates.crt は 2016 年"
    )


@pytest.mark.parametrize("kind", ["system", "java", "python", "setting"])
def test_a_new_bundle_without_a_companys_root(kind: str) -> None:
    """No update brings a root that no public CA has: nobody is sent to update."""
    one = there(kind=kind, until=newest(), lacks="Example Corp CA", lacks_sha256="ab" * 32)
    for lang, words in (("en", ("updated", "is from about")), ("ja", ("更新", "年ごろ"))):
        [said] = machine_sentences(one, lang)  # type: ignore[arg-type] # both are languages
        assert "Example Corp CA" in said
        assert not any(word in said for word in words)


def test_nothing_to_say() -> None:
    """A store that agrees is not mentioned; one that knows a private root is."""
    fine = Verification(code=0, message="ok")
    assert machine_sentences(there(verify=fine, lacks=None, lacks_sha256=None), "en") == []
    own = there(verify=fine, lacks=None, until=None).model_copy(update={"path": None})
    [said] = machine_sentences(own, "en")
    assert "which the public roots do not" in said
