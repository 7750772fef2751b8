"""Texts for people, in English and Japanese: the catalogues, and filling a Report's texts in."""

from bot.texts.catalogue import LANGS, Catalogue, Lang, MissingTextError, catalogue
from bot.texts.phrase import period, phrase_fix, phrase_guess, phrase_report, software_name

__all__ = [
    "LANGS",
    "Catalogue",
    "Lang",
    "MissingTextError",
    "catalogue",
    "period",
    "phrase_fix",
    "phrase_guess",
    "phrase_report",
    "software_name",
]
