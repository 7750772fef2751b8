"""Questions about a result, as people type them: words and forms in English and Japanese."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.diagnosis.clients import CLIENTS
from bot.diagnosis.remedies.software.table import SOFTWARE
from handlers.talking.followup import _CLIENTS, _SOFTWARES, FollowUp, read_followup

QUESTIONS = [
    # What the contract and the first users ask.
    ("why", FollowUp("why")),
    ("clients", FollowUp("clients")),
    ("chain", FollowUp("chain")),
    ("fix", FollowUp("fix")),
    ("fix apache", FollowUp("fix", software="apache")),
    ("letter", FollowUp("letter")),
    ("letter en", FollowUp("letter", lang="en")),
    ("letter ja", FollowUp("letter", lang="ja")),
    ("openssl", FollowUp("openssl")),
    ("does openssl fail?", FollowUp("client", client="openssl")),
    ("recheck", FollowUp("recheck")),
    ("watch", FollowUp("watch")),
    ("why does it work in Chrome?", FollowUp("client", client="chrome")),
    ("which clients break?", FollowUp("clients")),
    ("show the chain", FollowUp("chain")),
    ("fix for apache", FollowUp("fix", software="apache")),
    ("letter in Japanese", FollowUp("letter", lang="ja")),
    ("openssl command", FollowUp("openssl")),
    ("check again", FollowUp("recheck")),
    ("since when?", FollowUp("since")),
    ("who else uses this intermediate?", FollowUp("neighbours")),
    # Said in other ways.
    ("<@U123> why?", FollowUp("why")),
    ("What's wrong here", FollowUp("why")),
    ("how come curl fails", FollowUp("client", client="curl")),
    ("does it work on iPhones?", FollowUp("client", client="safari")),
    ("is Java affected", FollowUp("client", client="java")),
    ("and python 3.13?", FollowUp("client", client="python-strict")),
    ("who is affected?", FollowUp("clients")),
    ("which browsers", FollowUp("clients")),
    ("how do I fix it on nginx?", FollowUp("fix", software="nginx")),
    ("haproxy", FollowUp("fix", software="haproxy")),
    ("what should we do", FollowUp("fix")),
    ("write me an email to the owner in english please", FollowUp("letter", lang="en")),
    ("which command shows it?", FollowUp("openssl")),
    ("is it fixed?", FollowUp("recheck")),
    ("still broken?", FollowUp("recheck")),
    ("tell me when it is fixed", FollowUp("watch")),
    ("stop watching", FollowUp("unwatch")),
    ("how long has this been broken", FollowUp("since")),
    ("when does it expire?", FollowUp("expiry")),
    ("which IPs?", FollowUp("addresses")),
    ("what changed?", FollowUp("history")),
    ("give me the full chain", FollowUp("fullchain")),
    ("more details", FollowUp("details")),
    ("help", FollowUp("help")),
    ("banana", FollowUp("help")),
    ("", FollowUp("help")),
    # Japanese.
    ("なぜ？", FollowUp("why")),
    ("原因は何ですか", FollowUp("why")),
    ("なんでChromeだと動くの？", FollowUp("client", client="chrome")),
    ("どのクライアントが失敗しますか", FollowUp("clients")),
    ("影響範囲は？", FollowUp("clients")),
    ("証明書チェーンを見せて", FollowUp("chain")),
    ("apacheでの直し方", FollowUp("fix", software="apache")),
    ("どうすればいいですか", FollowUp("fix")),
    ("日本語の文面をください", FollowUp("letter", lang="ja")),
    ("お客様への連絡文を英語で", FollowUp("letter", lang="en")),
    ("確認コマンドは?", FollowUp("openssl")),
    ("もう一度確認して", FollowUp("recheck")),
    ("直りましたか？", FollowUp("recheck")),
    ("直ったら教えて", FollowUp("watch")),
    ("監視をやめて", FollowUp("unwatch")),
    ("いつから？", FollowUp("since")),
    ("有効期限はいつまで", FollowUp("expiry")),
    ("同じ中間CAを使っているサイトは?", FollowUp("neighbours")),
    ("フルチェーンをください", FollowUp("fullchain")),
    ("どのサーバーですか", FollowUp("addresses")),
    ("ｗｈｙ", FollowUp("why")),
    ("使い方", FollowUp("help")),
    ("バナナ", FollowUp("help")),
]


@pytest.mark.parametrize(("text", "expected"), QUESTIONS, ids=[one[0][:30] for one in QUESTIONS])
def test_what_people_ask(text: str, expected: FollowUp) -> None:
    """Each question is understood, whoever words it."""
    assert read_followup(text) == expected


def test_every_client_and_software_can_be_named() -> None:
    """A client or software that is added is asked about, too; and none is asked about that is not."""
    assert {name for name, _ in _CLIENTS} == {one.code for one in CLIENTS}
    assert {name for name, _ in _SOFTWARES} == {one.code for one in SOFTWARE}


@given(st.text(max_size=3000))
def test_any_text_is_answered(text: str) -> None:
    """Whatever is typed, there is an answer and no failure."""
    assert read_followup(text).intent


@pytest.mark.parametrize("piece", ["when ", "who is ", "notify ", "監視", "java ", "<@", "old "])
def test_long_texts_take_no_time(piece: str) -> None:
    """Only the beginning is read."""
    assert read_followup(piece * 5000).intent
