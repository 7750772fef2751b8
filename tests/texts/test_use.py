"""Keys and code: none is asked for that is not there, and none is there that nobody asks for."""

import re
from pathlib import Path

from bot.texts import catalogue
from tests.texts.test_catalogues import DOMAINS, messages

ROOT = Path(__file__).parents[2]
_SOURCES = [
    file
    for folder in ("bot", "handlers")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if "node_modules" not in file.parts
]
_STRING = re.compile(r"""(?=["']((?:""" + "|".join(DOMAINS) + r""")\.[\w.{}\[\]'-]*[\w}])["'])""")
# Names of files and domains begin like keys.
_FILES = (".org", ".arpa", ".json", ".txt", ".po", ".pem", ".key")


def _mentioned() -> set[str]:
    """Every string of the code that begins like a key: `domain.…`."""
    code = "\n".join(file.read_text(encoding="utf-8") for file in _SOURCES)
    return {text for text in _STRING.findall(code) if not text.endswith(_FILES)}


def _made_of(text: str) -> re.Pattern[str]:
    """The keys that a string with `{…}` in it can become."""
    parts = re.split(r"\{[^{}]*\}", text)
    return re.compile(".+".join(map(re.escape, parts)))


def test_no_key_is_asked_for_that_is_not_there() -> None:
    """A key that stands in the code as a whole is in the catalogues."""
    texts = catalogue("en")
    whole = {one for one in _mentioned() if "{" not in one and re.fullmatch(r"[\w.-]+\w", one)}
    assert len(whole) > 100
    missing = sorted(one for one in whole if not texts.has(one) and not _prefix(one))
    assert missing == []


def _prefix(text: str) -> bool:
    """Whether it is the beginning of keys, put together elsewhere, or the name of a file."""
    return any(
        key.startswith((f"{text}.", f"{text}_")) for key in messages("en", text.partition(".")[0])
    )


# Families whose last part is a code of the engine: the code puts the key together from two parts.
_FAMILIES = re.compile(
    r"help\..+|explain\.summary\..+|history\.change\..+|revocation\.fault\..+|software\.[\w-]+\.\w+"
)


def test_no_key_is_there_that_nobody_asks_for() -> None:
    """Each text is found again in the code, as a whole or by its pattern."""
    mentioned = _mentioned()
    patterns = [_made_of(one) for one in mentioned if "{" in one]
    unused = [
        key
        for domain in DOMAINS
        for key in messages("en", domain)
        if key not in mentioned
        and not any(pattern.fullmatch(key) for pattern in patterns)
        and not _FAMILIES.fullmatch(key)
        and not any(key.startswith(f"{one}.") for one in ("letter.what", "letter.subject"))
    ]
    assert unused == []
