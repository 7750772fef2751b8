"""The log: structured events on standard error, as JSON or for a person's eyes.

Our own modules log through structlog, the libraries through `logging`; both end in one handler
with one form. Secrets are masked in the finished line, the last place that everything passes,
tracebacks included.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import Processor

MASK = "***"

# Slack's token forms: https://docs.slack.dev/authentication/tokens/ . Response and webhook
# addresses let anybody who reads them post, a Socket Mode address carries a ticket.
_PATTERNS = (
    (re.compile(r"\bx(?:ox[a-z]|app)(?:\.xox[a-z])?-[A-Za-z0-9-]{6,}"), MASK),
    (re.compile(r"(?<=://)[^\s/@\"'<>]*:[^\s/\"'<>]*(?=@)"), MASK),
    (re.compile(r"(hooks\.slack(?:-gov)?\.com/[a-z]+/)[^\s\"'<>\\]+"), rf"\1{MASK}"),
    (re.compile(r"([?&](?:ticket|token|password)=)[^\s&\"'<>\\]+"), rf"\1{MASK}"),
)

_SECRET_FIELD = re.compile(r"(?:^|_)(?:token|secret|password|authorization|response_url)$", re.I)

# Masking a value like "a" would make every line unreadable and hide nothing.
_SHORTEST_SECRET = 4

_OUR_HANDLER = "tlscheck"


def configure_logging(
    mode: Literal["json", "console"],
    *,
    secrets: Iterable[str] = (),
    level: int = logging.INFO,
    stream: TextIO | None = None,
) -> None:
    """Send every log line of the process through one form; may be called again.

    Args:
        mode: "json" (one object a line) or "console".
        secrets: Values that no line may show, such as the signing secret: it has no form of its
            own to be known by.
        level: The least level that is shown.
        stream: Where to; standard error when missing.
    """
    target = stream if stream is not None else sys.stderr
    masked = masker(secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.UnicodeDecoder(),
        _mask_fields,
    ]
    last: list[Processor]
    if mode == "json":
        last = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    else:
        last = [
            structlog.dev.ConsoleRenderer(
                colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]

    def mask_line(_logger: Any, _method: str, line: Any) -> str:
        return masked(str(line))

    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last, mask_line],
    )
    handler = logging.StreamHandler(target)
    handler.set_name(_OUR_HANDLER)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in [known for known in root.handlers if known.get_name() == _OUR_HANDLER]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    # One line a request says nothing that the metrics do not.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def mask(text: str) -> str:
    """The text without what has the form of a secret."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def masker(secrets: Iterable[str]) -> Callable[[str], str]:
    """What masks these values, and whatever has the form of a secret."""
    forms = set()
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            # As it is, and as JSON and repr() write it.
            forms |= {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1]}
            forms.add(json.dumps(secret, ensure_ascii=False)[1:-1])
    exact = re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)))

    def masked(line: str) -> str:
        return mask(exact.sub(MASK, line) if forms else line)

    return masked


def _mask_fields(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for name in event:
        if _SECRET_FIELD.search(name):
            event[name] = MASK
    return event
