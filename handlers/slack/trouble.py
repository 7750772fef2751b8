"""What Slack refuses, in words: from the error of its Web API to the sentence for the person.

One table. The words are those of the "Errors" sections of docs.slack.dev/reference/methods; a word
that is not here means a defect of ours, and the person gets a number to name. Whatever it is, the
log has one line with the method and Slack's word; no person is shown that word.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.texts.catalogue import Lang, catalogue
from handlers.answers.sentences import say
from handlers.slack.blocks import Message
from handlers.slack.web import api_error

log = structlog.get_logger(__name__)

_KINDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        # The trigger of a command or a press lives for three seconds, for one window.
        "expired": (
            "expired_trigger_id",
            "trigger_expired",
            "exchanged_trigger_id",
            "trigger_exchanged",
            "invalid_trigger_id",
        ),
        "gone": (
            "message_not_found",
            "cant_update_message",
            "edit_window_closed",
            "thread_not_found",
            "no_such_message",
            "cannot_reply_to_message",
        ),
        "window": ("view_not_found", "not_found", "hash_conflict", "view_closed"),
        "archived": ("is_archived", "channel_is_archived", "is_inactive"),
        "outside": ("not_in_channel", "channel_not_found", "user_not_in_channel"),
        "rules": (
            "restricted_action",
            "restricted_action_read_only_channel",
            "restricted_action_thread_only_channel",
            "restricted_action_non_threadable_channel",
            "restricted_action_thread_locked",
            "no_permission",
            "access_denied",
            "ekm_access_denied",
            "posting_to_general_channel_denied",
            "cannot_dm_bot",
            "messages_tab_disabled",
            "org_login_required",
            "team_access_not_granted",
        ),
        "scope": ("missing_scope",),
        "token": (
            "token_revoked",
            "token_expired",
            "account_inactive",
            "invalid_auth",
            "not_authed",
            "not_allowed_token_type",
        ),
        "storage": (
            "storage_limit_reached",
            "file_uploads_disabled",
            "file_upload_size_restricted",
        ),
        "slow": ("ratelimited", "rate_limited", "message_limit_exceeded"),
        "slack": (
            "internal_error",
            "fatal_error",
            "service_unavailable",
            "request_timeout",
            "team_added_to_org",
            "no_json",
        ),
    }
)
KIND_OF: Final[Mapping[str, str]] = MappingProxyType(
    {word: kind for kind, words in _KINDS.items() for word in words}
)
# Nothing gets better until somebody who runs the bot does something.
_FOR_OPERATORS: Final = frozenset({"scope", "token"})
_SCOPES = re.compile(r"[a-z_:,. ]{1,100}")


def trouble(error: BaseException, lang: Lang, doing: str) -> Message | None:
    """The sentence for what Slack did not do, logged; None when that is not what failed."""
    if isinstance(error, SlackApiError):
        word = api_error(error)
        kind = KIND_OF.get(word)
        if kind is None:
            return None
        needed = _needed(error) if kind == "scope" else ""
        key = "trouble.permission" if kind == "scope" and not needed else f"trouble.{kind}"
        write = log.error if kind in _FOR_OPERATORS else log.warning
        more = {"needed": needed} if needed else {}
        write("Slack refused", reason=word, method=_method(error), doing=doing, **more)
        return say(lang, key, scope=needed)
    if isinstance(error, (SlackRequestError, aiohttp.ClientError)):
        log.warning("Slack was not reached", reason=type(error).__name__, doing=doing)
        return say(lang, "trouble.slack")
    return None


def reason_of(error: Exception) -> str:
    """Slack's word for what failed, or the name of the exception: for the log, and for `why`."""
    return api_error(error) if isinstance(error, SlackApiError) else type(error).__name__


def why(reason: str, lang: Lang) -> str:
    """The sentence for what `reason_of` gave, to stand beside what could not be done."""
    # Words of Slack are in small letters, names of exceptions are not: it was not reached.
    kind = KIND_OF.get(reason, "slack" if reason[:1].isupper() else "other")
    return catalogue(lang).text("trouble.permission" if kind == "scope" else f"trouble.{kind}")


def _needed(error: SlackApiError) -> str:
    """The scope that Slack says is missing."""
    data = getattr(error.response, "data", error.response)
    needed = data.get("needed") if isinstance(data, Mapping) else None
    return needed if isinstance(needed, str) and _SCOPES.fullmatch(needed) else ""


def _method(error: SlackApiError) -> str:
    url = getattr(error.response, "api_url", "")
    return url.rpartition("/")[2][:64] if isinstance(url, str) else ""
