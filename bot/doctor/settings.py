"""The settings: every one that is wrong, and names that nobody reads. No value is ever shown."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from bot.doctor.finding import Finding, fine, note, wrong
from bot.settings import Slip, setting_names

_NEAR = 0.8
_OURS = "TLSCHECK_"
_NEIGHBOURS = ("SLACK_", "REDIS_")
"""Others read settings that begin so, too: only what is nearly one of ours is spoken of."""

# What a setting has to look like, by pydantic's word for the mistake.
_FORMS = {
    "int_parsing": "number",
    "greater_than_equal": "number",
    "less_than_equal": "number",
    "literal_error": "choice",
    "bool_parsing": "yes_or_no",
    "string_too_short": "short",
    "too_short": "short",
    "string_pattern_mismatch": "pattern",
    "unreadable": "unreadable",
}
# The mistakes that our own validators find, by setting.
_OWN_FORMS = {
    "TLSCHECK_ALLOW_NETWORKS": "networks",
    "TLSCHECK_DENY_NETWORKS": "networks",
    "TLSCHECK_EXTRA_ROOTS": "file",
    "HTTPS_PROXY": "proxy",
    "HTTP_PROXY": "proxy",
    "SLACK_API_URL": "address",
}


def look_at_settings(
    slips: Iterable[Slip],
    environment: Mapping[str, str],
    dotenv: Mapping[str, str | None],
    folder: Path,
) -> tuple[Finding, ...]:
    """What is wrong with the settings.

    Args:
        slips: Those that `bot.settings.survey_settings` found.
        environment: The process's own.
        dotenv: What stands in `.env`.
        folder: Where that was looked for.
    """
    known = set(setting_names())
    given = dict.fromkeys(name.upper() for name, value in dotenv.items() if value)
    here = {name.upper() for name, value in environment.items() if value}
    names = sorted((here | given.keys()) & known)
    found = list(_found(slips))
    found += _strangers(sorted(here | given.keys()), known)
    if names:
        code = "read_with_file" if given else "read"
        found.insert(0, fine("settings", code, n=len(names), names=", ".join(names), folder=folder))
    else:
        found.insert(0, note("settings", "none", folder=folder))
    return tuple(found)


def _found(slips: Iterable[Slip]) -> Iterator[Finding]:
    for slip in slips:
        form = _FORMS.get(slip.kind) or _OWN_FORMS.get(slip.name, "other")
        yield wrong(
            "settings",
            f"{form}",
            name=slip.name,
            reason=slip.reason,
            expected=slip.bounds.get("expected", ""),
            least=slip.bounds.get("min_length", ""),
        )


def _strangers(names: Iterable[str], known: set[str]) -> Iterator[Finding]:
    for name in names:
        if name in known or not name.startswith((_OURS, *_NEIGHBOURS)):
            continue
        near = get_close_matches(name, known, n=1, cutoff=_NEAR)
        if near:
            yield wrong("settings", "misspelt", name=name, near=near[0])
        elif name.startswith(_OURS):
            yield note("settings", "stranger", name=name)
