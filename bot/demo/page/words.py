"""The page's own words, from the catalogue: every text whose name begins with `demo.page.`."""

from functools import cache

from bot.texts import Lang, catalogue

_PREFIX = "demo.page."


@cache
def page_words(lang: Lang) -> dict[str, str]:
    """The texts by the rest of their names, placeholders left in for the page to fill."""
    texts = catalogue(lang)
    names = [key.removeprefix(_PREFIX) for key in texts.keys(_PREFIX)]
    return {name: texts.raw(f"demo.page.{name}") for name in names}
