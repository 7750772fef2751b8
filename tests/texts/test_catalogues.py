"""The catalogues: every text in both languages, with the same placeholders and valid plurals."""

import re
import string
from pathlib import Path

import pytest
from babel.messages import Message
from babel.messages.pofile import read_po

import bot.texts
from bot.diagnosis.causes import Cause
from bot.diagnosis.clients import CLIENTS
from bot.diagnosis.rules import ORDER
from bot.texts import LANGS, Lang, MissingTextError, catalogue

FOLDER = Path(bot.texts.__file__).parent
DOMAINS = sorted(file.stem for file in (FOLDER / "en").glob("*.po"))
PLURALS: dict[str, int] = {"en": 2, "ja": 1}
# Reasons that `clients.evaluate` gives besides the cause's own code.
REASONS = (
    "fine",
    "not_touched",
    "fetches",
    "fetch_failed",
    "preloads",
    "takes_only_what_is_sent",
    "common_name",
    "no_common_name",
    "cipher_list",
    "network",
    "not_checked",
    "backends",
    "other",
)
_BY_NETWORK = {
    Cause.DNS_FAILURE,
    Cause.CONNECTION_REFUSED,
    Cause.TIMEOUT,
    Cause.CONNECTION_RESET,
    Cause.EGRESS_DENIED,
    Cause.BACKENDS_DIFFER,
    Cause.EXPIRING_SOON,
    Cause.MISSING_INTERMEDIATE,
    Cause.WRONG_INTERMEDIATE,
}


def messages(lang: str, domain: str) -> dict[str, Message]:
    """The messages of one file by their key; the header is not one of them."""
    with (FOLDER / lang / f"{domain}.po").open("rb") as file:
        found = read_po(file, locale=lang, abort_invalid=True)
    return {_key(one): one for one in found if one.id}


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _texts(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_files() -> None:
    """A domain exists in English and Japanese."""
    assert sorted(file.stem for file in (FOLDER / "ja").glob("*.po")) == DOMAINS
    assert {"cause", "client", "step", "error", "terminal", "slack"} <= set(DOMAINS)


@pytest.mark.parametrize("domain", DOMAINS)
def test_both_languages_have_the_same_keys(domain: str) -> None:
    """No text is missing in one of them, and each key is in the file of its first part."""
    english, japanese = messages("en", domain), messages("ja", domain)
    assert set(english) == set(japanese)
    assert all(key.startswith(f"{domain}.") for key in english)


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_key_stands_twice(domain: str) -> None:
    """The second of two texts with one key would silently win."""
    for lang in LANGS:
        text = (FOLDER / lang / f"{domain}.po").read_text(encoding="utf-8")
        keys = re.findall(r'^msgid "(.+)"$', text, re.MULTILINE)
        assert sorted(set(keys)) == sorted(keys)
        assert "charset=UTF-8" in text


@pytest.mark.parametrize("domain", DOMAINS)
def test_placeholders_are_the_same(domain: str) -> None:
    """A translation may leave out what its grammar says otherwise, and asks for nothing more."""
    english, japanese = messages("en", domain), messages("ja", domain)
    for key, message in english.items():
        wanted = set().union(*map(_placeholders, _texts(message)))
        given = set().union(*map(_placeholders, _texts(japanese[key])))
        assert wanted == given, key
        assert all(name.isidentifier() for name in wanted), key


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("domain", DOMAINS)
def test_texts_are_there_and_plurals_are_complete(domain: str, lang: Lang) -> None:
    """No text is empty, and one with a plural has as many forms as the language."""
    for key, message in messages(lang, domain).items():
        assert all(text.strip() for text in _texts(message)), key
        if isinstance(message.id, tuple):
            assert len(_texts(message)) == PLURALS[lang], key
            assert message.id == (key, key)
        assert not message.fuzzy, key


@pytest.mark.parametrize("domain", DOMAINS)
def test_japanese_is_japanese(domain: str) -> None:
    """A text of several words is not left in English."""
    for key, message in messages("ja", domain).items():
        for text in _texts(message):
            words = re.sub(r"\{\w+\}|https?://\S+|`[^`]*`", "", text)
            assert not words.isascii() or len(words.split()) < 5, key


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("cause", ORDER)
def test_every_cause_has_its_words(cause: Cause, lang: Lang) -> None:
    """What a rule can find has a title, a sentence and a detail."""
    for part in ("title", "summary", "detail"):
        assert catalogue(lang).has(f"cause.{cause.value}.{part}"), part


@pytest.mark.parametrize("lang", LANGS)
def test_every_reason_has_its_words(lang: Lang) -> None:
    """Why a client works or fails is said for whatever the evaluator can answer."""
    texts = catalogue(lang)
    reasons = [*REASONS, *(one.value for one in ORDER if one not in _BY_NETWORK)]
    assert [one for one in reasons if not texts.has(f"client.reason.{one}")] == []
    assert [one.code for one in CLIENTS if not texts.has(f"client.short.{one.code}")] == []


def test_a_text_is_filled_in() -> None:
    """Values fill placeholders as they are; braces within them are left alone."""
    text = catalogue("en").text("cause.self_signed.summary", {"host": "{evil!r} {0}"})
    assert text.startswith("The certificate of {evil!r} {0} is signed")


def test_plural_forms_are_chosen() -> None:
    """One and many read differently in English."""
    values = {"host": "h", "issuer": "i", "failing": "f", "working": "w"}
    texts = catalogue("en")
    one = texts.text("cause.missing_intermediate.summary", values, n=1)
    two = texts.text("cause.missing_intermediate.summary", values, n=2)
    assert "2" in two
    assert "2" not in one


@pytest.mark.parametrize("key", ["cause.no_such.title", "nodomain.x", "cause"])
def test_an_unknown_key_is_a_defect(key: str) -> None:
    """Nobody reads a key in place of a text."""
    assert not catalogue("en").has(key)
    with pytest.raises(MissingTextError, match=re.escape(key)):
        catalogue("en").text(key)


# One word for each thing, as Japanese operators write it.
WORDINGS = {
    r"ブラウザ(?!ー)": "ブラウザー",
    r"サーバ(?!ー)": "サーバー",
    r"フォルダ(?!ー)": "フォルダー",
    r"ヘッダ(?!ー)": "ヘッダー",
    r"中間証明書": "中間CA証明書",
    r"拡張キー使用法|拡張キー用途": "拡張鍵用途",
    r"クロス証明書|クロスルート証明書": "クロス署名証明書",
    r"トラストストア|証明書ストア": "信頼ストア",
    r"コンテナー": "コンテナ",
    r"オレオレ証明書": "自己署名証明書",
}


@pytest.mark.parametrize("domain", DOMAINS)
def test_japanese_has_one_word_for_each_thing(domain: str) -> None:
    """The same thing is not called by two names on two screens."""
    for key, message in messages("ja", domain).items():
        for text in _texts(message):
            for other, word in WORDINGS.items():
                assert not re.search(other, text), (key, word, text)
