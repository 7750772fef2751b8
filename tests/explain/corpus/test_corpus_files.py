"""The corpus is what it says it is: labels of the contract, real sources, two parts apart."""

import re
from pathlib import Path

import pytest

from tests.explain.corpus import PARTS, alike, entries, part_of, words

# The contract's cause codes, written out: a label that the product lost would be noticed.
# fmt: off
CAUSES = frozenset((
    "dns_failure", "connection_refused", "connection_reset", "timeout", "egress_denied",
    "plaintext_on_tls_port", "starttls_refused", "protocol_version", "no_shared_cipher",
    "sni_unrecognized", "client_certificate_required", "client_certificate_rejected",
    "dh_key_too_small", "renegotiation_or_legacy", "handshake_failure", "missing_intermediate",
    "wrong_intermediate", "wrong_chain_order", "extra_certificates", "expired_intermediate",
    "expired_root_or_cross_sign", "self_signed", "untrusted_root", "interception_proxy",
    "invalid_chain", "expired", "not_yet_valid", "expiring_soon", "hostname_mismatch",
    "certificate_not_tls", "weak_signature_or_key", "revoked", "ocsp_problem",
    "validity_too_long", "malformed_certificate", "backends_differ", "ambiguous_issuer",
    "tls_on_plaintext_port", "clock_skew", "key_mismatch", "ca_bundle_missing",
    "pinning_mismatch", "not_a_tls_error",
))
# fmt: on


@pytest.mark.parametrize("part", PARTS)
def test_every_entry_is_whole(part: str) -> None:
    """Each entry has text, causes of the contract, hosts that stand in the text, and a source."""
    for entry in entries(part):
        assert entry.text.strip(), entry.source
        assert entry.text.count("\n") <= 20, entry.source
        assert {entry.cause, *entry.also} <= CAUSES, entry
        assert entry.cause not in entry.also, entry
        assert re.match(r"https?://\S+$", entry.source), entry
        joined = re.sub(r"\s", "", entry.text).lower()
        for host in filter(None, (entry.host, *entry.also_hosts)):
            assert host.lower() in joined, entry


def test_the_parts_share_no_page() -> None:
    """The lines of one page stand in one part, the one its address chooses."""
    for part in PARTS:
        assert {part_of(entry.source) for entry in entries(part)} == {part}


def test_no_held_line_is_nearly_one_to_build_on() -> None:
    """With hosts, times and numbers taken away, no held line is like a line of the other part."""
    seen = [(words(entry.text), entry) for entry in entries("build")]
    for entry in entries("held"):
        own = words(entry.text)
        twins = [other.text for other_words, other in seen if alike(own, other_words)]
        assert not twins, (entry.text, twins[0])


def test_nobody_s_private_address_is_in_it() -> None:
    """No mail address of a person stands in the files (system and example ones may)."""
    for part in PARTS:
        text = (Path(__file__).parent / f"{part}.jsonl").read_text("utf-8")
        assert not re.findall(r"[\w.]+@(?:gmail|hotmail|yahoo|outlook|qq)\.com", text)
