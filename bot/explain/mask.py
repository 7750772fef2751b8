"""Taking secrets out of a text before any part of it is shown, stored or sent on."""

import re

MASK = "•••"

_KEYED = (
    r"pass(?:word|wd|phrase)?|pwd|secret|client_secret|token|access_token|refresh_token|id_token|"
    r"auth|apikey|api_key|api-key|x-api-key|access_key|accesskey|secret_key|private_key|sig|"
    r"signature|session|sessionid|session_id|cookie|credential|credentials|sslpassword|"
    r"x-amz-signature|x-amz-credential|x-amz-security-token|x-vault-token|private-token"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*", re.DOTALL), MASK),
    (
        re.compile(
            r"(?i)\b((?:proxy-)?authorization['\"]?\s{0,3}[:=]\s{0,3}['\"]?)"
            r"(?:(?:digest|aws4-hmac-sha256|oauth|hawk)\s[^\r\n]{1,4000}"
            r"|(?:[a-z][a-z0-9-]{1,20}\s{1,3})?[^\s'\"]{1,4000})"
        ),
        rf"\1{MASK}",
    ),
    (
        re.compile(
            r"(?i)\b((?:set-)?cookie['\"]?\s{0,3}:\s{0,3}['\"]?)"
            r"[^\s;'\"]{1,4000}(?:;\s{0,3}[^\s;'\"]{1,4000}){0,50}"
        ),
        rf"\1{MASK}",
    ),
    (
        re.compile(
            r"(?i)\b((?:bearer|basic|negotiate)\s{1,3})(?=[a-z]{0,200}[0-9=+/_])[a-z0-9+/=._~-]{8,4000}"
        ),
        rf"\1{MASK}",
    ),
    # userinfo of a URL
    (re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,20}://)[^\s/@'\"<>]{1,500}@"), rf"\1{MASK}@"),
    (
        re.compile(
            rf"(?i)(?<![a-z0-9])((?:[a-z0-9]{{1,20}}[_-]){{0,3}}(?:{_KEYED}|[a-z0-9]{{1,12}}(?:password|passwd|secret|token))['\"]?\s{{0,3}}[=:]"
            # After a prompt the next line, or its escape, is a secret only when it is one word.
            r"(?:[^\S\r\n]{0,3}|\s{0,3}(?=\S{3,4000}[^\S\r\n]{0,3}(?:[\r\n]|\Z)))"
            r"['\"]?)(?!/|\\{1,9}n\S{1,200}\s)[^\s'\"&,;)}]{3,4000}"
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)(\s(?:-u|--user|-p|--password|--token)[ =])\S{2,400}"), rf"\1{MASK}"),
    # Tokens that are known by their form: JWT, Slack, GitHub, GitLab, AWS, Google, npm, Stripe, PyPI.
    (re.compile(r"\beyJ[A-Za-z0-9_-]{4,4000}(?:\.[A-Za-z0-9_-]{1,4000}){0,2}"), MASK),
    (re.compile(r"\bxox[a-z]-[A-Za-z0-9-]{6,400}|\bxapp-[A-Za-z0-9-]{6,400}"), MASK),
    (
        re.compile(
            r"\b(?:gh[pousr]_|github_pat_|glpat-|npm_|pypi-|sk_live_|sk-|rk_live_|hvs\.|dop_v1_)[A-Za-z0-9_.-]{10,400}"
        ),
        MASK,
    ),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,20}\b|\bAIza[A-Za-z0-9_-]{20,60}"), MASK),
    (re.compile(r"https://hooks\.slack\.com/\S{1,400}"), f"https://hooks.slack.com/{MASK}"),
    # A query may hold anything; nobody needs it to understand an error of TLS.
    (re.compile(r"(https?://[^\s?'\"<>]{1,2000}\?)[^\s'\"<>)]{1,4000}"), rf"\1{MASK}"),
)


def mask(text: str) -> str:
    """The text with what looks like a secret replaced by dots."""
    for rule, replacement in _RULES:
        text = rule.sub(replacement, text)
    return text
