"""The catalogues: every text that a person reads, by key, in English and Japanese.

One gettext file a language and domain (`en/cause.po`, `ja/slack.po`, …), read as they are: no
compiled file can be out of date. Keys are names (`cause.expired.summary`), values are written
`{name}`. A text is one whole sentence or more; nobody glues parts together.
"""

import gettext
import io
from collections import ChainMap
from collections.abc import Iterable, Mapping, MutableMapping
from functools import cache
from pathlib import Path
from typing import Literal, cast, get_args

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

Lang = Literal["en", "ja"]
LANGS: tuple[Lang, ...] = get_args(Lang)

_HERE = Path(__file__).parent


class MissingTextError(LookupError):
    """A key that no catalogue of this language has: a defect of ours, found by the tests."""


class Catalogue:
    """All texts of one language."""

    def __init__(
        self,
        lang: Lang,
        translations: Mapping[str, gettext.GNUTranslations],
        names: Iterable[str] = (),
    ) -> None:
        self.lang = lang
        self._names = tuple(sorted(names))
        self._domains = translations

    def text(
        self,
        key: str,
        values: Mapping[str, object] | None = None,
        /,
        *,
        n: int | None = None,
        **more: object,
    ) -> str:
        """The text of `key` with its placeholders filled in.

        Args:
            key: The message's name; its first part names the domain (`cause.…` is in cause.po).
            values: Fill the placeholders, as they are: escaping is the renderer's.
            n: Chooses the plural form and fills `{n}`.
            **more: The same as `values`, for a few.

        Raises:
            MissingTextError: The key is in no catalogue.
        """
        domain = self._domains.get(key.partition(".")[0])
        if domain is None:
            raise MissingTextError(key)
        if n is None:
            found = domain.gettext(key)
        else:
            found = domain.ngettext(key, key, n)
            more["n"] = n
        if found == key:
            raise MissingTextError(key)
        if "{" not in found:
            return found
        return found.format_map(_Filling(more, cast("MutableMapping[str, object]", values or {})))

    def raw(self, key: str) -> str:
        """The text of `key` with its placeholders in it.

        Raises:
            MissingTextError: There is none.
        """
        if not self.has(key):
            raise MissingTextError(key)
        return self._domains[key.partition(".")[0]].gettext(key)

    def keys(self, prefix: str) -> tuple[str, ...]:
        """The names of all texts that begin so."""
        return tuple(name for name in self._names if name.startswith(prefix))

    def has(self, key: str) -> bool:
        """Whether there is a text of that name."""
        domain = self._domains.get(key.partition(".")[0])
        return domain is not None and domain.gettext(key) != key


class _Filling(ChainMap[str, object]):
    def __missing__(self, key: str) -> object:
        # The mapping that was passed in may know what to say for what is not there.
        return self.maps[-1][key]


@cache
def catalogue(lang: Lang) -> Catalogue:
    """The catalogue of `lang`, read once. The file's name is the first part of its keys."""
    found = {}
    names: list[str] = []
    for file in sorted((_HERE / lang).glob("*.po")):
        with file.open("rb") as source:
            messages = read_po(source, locale=lang)
        names += (
            str(one.id if isinstance(one.id, str) else one.id[0]) for one in messages if one.id
        )
        compiled = io.BytesIO()
        write_mo(compiled, messages)
        compiled.seek(0)
        found[file.stem] = gettext.GNUTranslations(compiled)
    return Catalogue(lang, found, names)
