"""Paths to a trust anchor: the best one is found, and hostile heaps of certificates cost little."""

import time

import pytest

from bot.demo.lab.pki import Issued, make_intermediate, make_leaf, make_root
from bot.diagnosis.path import Path, best_path, climb
from tests.diagnosis.chains import (
    CASES,
    CROSS,
    EXPIRED_CROSS,
    EXPIRED_ISSUING,
    EXPIRED_ROOT,
    HOST,
    ISSUING,
    LEAF,
    LOOP_A_BY_B,
    LOOP_B,
    LOOP_LEAF,
    OTHER_ROOT,
    ROOT,
    STRANGER,
    TWICE_CROSSED,
    TWICE_LEAF,
    UPPER,
    Case,
    ladder,
    read,
)
from tests.diagnosis.servers import NOW


def path_of(case: Case, *fetched: Issued) -> Path | None:
    """The best path of a case, with what was fetched besides."""
    leaf, *rest = case.certificates
    return best_path(leaf, rest, read(*fetched), case.trust, case.at)


@pytest.mark.parametrize(
    "name", ["complete", "with the root", "upside down", "doubled", "with a stranger"]
)
def test_order_and_strangers_do_not_matter(name: str) -> None:
    """What is needed is found, wherever it stands."""
    path = path_of(CASES[name])
    assert path is not None
    assert path.certificates == read(LEAF, ISSUING, UPPER, ROOT)
    assert path.sources == ("server", "server", "server", "roots")
    assert path.verdict.ok
    assert path.intermediates == read(ISSUING, UPPER)
    assert path.fetched == ()


@pytest.mark.parametrize(
    "name",
    [
        "leaf alone",
        "upper one missing",
        "lower one missing",
        "wrong one",
        "namesake",
        "unknown root, sent",
        "self-signed",
        "a loop",
    ],
)
def test_without_an_anchor_there_is_no_path(name: str) -> None:
    """A gap, an unknown root and a circle are no path."""
    assert path_of(CASES[name]) is None


def test_what_was_fetched_closes_the_gap() -> None:
    """Certificates from elsewhere are used, and known as such."""
    path = path_of(CASES["leaf alone"], UPPER, STRANGER, ISSUING)
    assert path is not None
    assert path.certificates == read(LEAF, ISSUING, UPPER, ROOT)
    assert path.sources == ("server", "aia", "aia", "roots")
    assert path.fetched == read(ISSUING, UPPER)


def test_what_was_sent_comes_before_what_was_fetched() -> None:
    """A fetched cross-sign is no reason to leave a path that the server itself gives."""
    case = Case((LEAF, ISSUING, UPPER), (ROOT, OTHER_ROOT))
    path = path_of(case, CROSS)
    assert path is not None
    assert path.certificates[-1] == read(ROOT)[0]
    assert path.fetched == ()


def test_what_openssl_would_take_is_what_counts() -> None:
    """A trusted root that has expired hides the cross-sign around it: so OpenSSL sees it."""
    path = path_of(CASES["expired root, and a way around it"])
    assert path is not None
    assert (path.verdict.code, path.verdict.depth) == (10, 1)
    removed = path_of(Case((TWICE_LEAF, TWICE_CROSSED), (OTHER_ROOT,)))
    assert removed is not None
    assert removed.verdict.ok


def test_an_expired_intermediate_gives_way_to_a_valid_one() -> None:
    """Same name, same key: the certificate with the right dates is taken."""
    path = path_of(CASES["expired intermediate and a valid one"])
    assert path is not None
    assert path.verdict.ok
    assert read(EXPIRED_ISSUING)[0] not in path.certificates


def test_with_no_valid_one_the_expired_is_the_path() -> None:
    """A complete path of expired certificates is a path, and its verdict says what is wrong."""
    path = path_of(CASES["expired intermediate"])
    assert path is not None
    assert (path.verdict.code, path.verdict.depth) == (10, 1)


def test_a_cross_sign_is_one_way_of_two() -> None:
    """Either root will do; the expired one never wins over the good one."""
    for roots in ((ROOT,), (OTHER_ROOT,), (ROOT, OTHER_ROOT), (EXPIRED_ROOT, ROOT)):
        path = path_of(Case((LEAF, ISSUING, UPPER, CROSS, EXPIRED_CROSS), roots))
        assert path is not None
        assert path.verdict.ok
        assert path.certificates[-1] in read(*roots)


def test_loops_end() -> None:
    """CAs that vouch for each other lead nowhere, and soon."""
    assert path_of(CASES["a loop"]) is None
    way_out = path_of(CASES["a loop with a way out"])
    assert way_out is not None
    assert way_out.verdict.ok
    climbed = climb(read(LOOP_LEAF)[0], read(LOOP_A_BY_B, LOOP_B))
    assert climbed == read(LOOP_LEAF, LOOP_A_BY_B, LOOP_B)


@pytest.mark.parametrize(("length", "found"), [(1, True), (8, True), (30, False)])
def test_long_chains(length: int, found: bool) -> None:
    """Eight intermediates are far more than anybody has; thirty are not followed."""
    path = path_of(Case(ladder(length), (ROOT,)))
    assert (path is not None) is found
    assert len(climb(read(ladder(length)[0])[0], read(*ladder(length)[1:]))) <= 10


def test_a_trusted_leaf_is_its_own_path() -> None:
    """A self-signed certificate among the roots needs nobody else."""
    path = path_of(CASES["self-signed and trusted"])
    assert path is not None
    assert path.verdict.ok
    assert path.sources == ("server",)
    assert path.intermediates == ()


def test_a_heap_of_cross_signs_costs_little() -> None:
    """Many certificates of the same names and keys multiply the paths; the work stays bounded."""
    keys = [make_root(f"Heap {n}", now=NOW) for n in range(6)]
    heap = [
        make_intermediate(
            above, "x", now=NOW, subject=below.subject, key=below.key, path_length=None
        )
        for below in keys
        for above in keys
        if above is not below
        for _ in range(3)
    ]
    case = Case((make_leaf(keys[0], HOST, now=NOW), *heap), (ROOT,))
    started = time.process_time()
    assert path_of(case) is None
    assert time.process_time() - started < 5


def test_climbing_takes_the_one_that_lasts() -> None:
    """Of several issuers the one with the latest end is shown."""
    assert climb(read(LEAF)[0], read(EXPIRED_ISSUING, ISSUING, UPPER)) == read(LEAF, ISSUING, UPPER)
    assert climb(read(LEAF)[0], ()) == read(LEAF)
