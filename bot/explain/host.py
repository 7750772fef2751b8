"""The server that a text names, in the forms that programs name it in.

File names, packages, classes, version numbers and the documentation that error texts link to are
no servers. What is named as the peer comes before what merely stands there.
"""

import re
from collections.abc import Iterator

from bot.diagnosis.target import TargetError, parse_target
from bot.explain.clean import Cleaned
from bot.explain.literal import alternatives, required

_NAME = r"(?:\[[0-9a-fA-F:.]{2,45}\]|(?:[\w*-]{1,63}\.){1,10}[\w-]{1,63}|localhost|[\w-]{1,63})"
_DOTTED = r"(?:\[[0-9a-fA-F:.]{2,45}\]|(?:[A-Za-z0-9_-]{1,63}\.){1,10}[A-Za-z0-9-]{1,63}|localhost)"

# From the most to the least telling. Each gives `host`, and `port` where there is one.
# The word is what a text must contain for the form to be found in it.
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (
        required(form).lower() if len(alternatives(form)) == 1 else "",
        re.compile(form, re.IGNORECASE),
    )
    for form in (
        # Said to be the name that was asked for.
        rf"target (?:host|hostname) name '?(?P<host>{_DOTTED})",
        rf"target (?:host ?name )'?(?P<host>{_NAME})'",
        rf"requested hostname: (?P<host>{_NAME})",
        rf"(?:altnames|cert's list): (?:Host|IP): (?P<host>{_NAME}?)\.? is not",
        rf"handshake failed with (?P<host>{_DOTTED})(?::(?P<port>\d{{1,5}}))?",
        rf"(?:certificate is|is) not valid for (?:the name )?['\"]?(?P<host>{_DOTTED})['\"]?",
        rf"certificate is valid for [^\n]{{1,600}}?, not (?P<host>{_NAME})(?=$|[\s\"',;)}}\]])",
        rf"cannot validate certificate for (?P<host>[0-9a-fA-F.:]{{2,45}}|{_NAME}) because",
        r"\bno name matching (?P<host>[\w-]{1,63}) found",
        rf"connection to node -?\d{{1,9}} \((?P<host>{_NAME})/[0-9a-f.:]{{2,45}}:(?P<port>\d{{1,5}})\)",
        rf"mosquitto_(?:pub|sub|rr) (?:-[\w-]{{1,20}} (?:[^\s-]\S{{0,200}} )?){{0,8}}?-h (?P<host>{_NAME})",
        rf"(?:dns name|name|ip address) matching (?P<host>{_NAME}) found",
        rf"hostname in certificate didn't match: <(?P<host>{_NAME})>",
        rf"certificate for <(?P<host>{_NAME})> doesn't match",
        rf"host ?name,? [\"'](?P<host>{_NAME})[\"']",
        rf"host ?name [\"']?(?P<host>{_DOTTED})[\"']? (?:was )?(?:not verified|does not match|doesn't match|not match)",
        rf"does not match (?:the )?(?:expected )?host(?: ?name)? [\"']?(?P<host>{_DOTTED})",
        rf"certificate of '(?P<host>{_NAME})'",
        rf"cannot verify (?P<host>{_NAME})'s certificate",
        rf"upstream SSL certificate does not match \"(?P<host>{_NAME})\"",
        rf"not valid for name:? ?\(?\"?(?P<host>{_DOTTED})",
        rf"DnsName\(\"?(?P<host>{_DOTTED})\"?\)",
        rf"connection to server at [\"'](?P<host>{_NAME})[\"'](?: \([^)]{{1,60}}\))?, port (?P<port>\d{{1,5}})",
        rf"(?P<host>{_DOTTED}) uses an invalid security certificate",
        rf"from (?P<host>{_DOTTED})\s?\(",
        rf"your (?:personal )?information from (?P<host>{_DOTTED})",
        rf"pretending to be ['\"]?(?P<host>{_DOTTED})",
        rf"攻撃者が (?P<host>{_DOTTED}) から",
        rf"(?P<host>{_DOTTED}) は不正なセキュリティ証明書",
        rf"(?P<host>{_DOTTED})\"? (?:では|への)",
        rf"to connect to (?P<host>{_DOTTED}) insecurely",
        rf"HTTPS?ConnectionPool\(host='(?P<host>{_NAME})', port=(?P<port>\d{{1,5}})",
        rf"unable to (?:access|connect to|reach|clone) '?https?://(?:[^\s/@']{{1,200}}@)?(?P<host>{_NAME})(?::(?P<port>\d{{1,5}}))?",
        # URLs
        rf"\b(?P<scheme>https|wss|ldaps|amqps|rediss|mqtts|imaps|smtps|postgres(?:ql)?|mongodb(?:\+srv)?|ftps|docker)://(?:[^\s/@'\"<>]{{1,200}}@)?(?P<host>{_NAME})(?::(?P<port>\d{{1,5}}))?",
        rf"\b(?:http|ws|ldap|amqp|redis|mqtt|tcp|ssl|tls|mysql|ssh)://(?:[^\s/@'\"<>]{{1,200}}@)?(?P<host>{_NAME})(?::(?P<port>\d{{1,5}}))?",
        # Named by a word beside it.
        rf"\b(?:cannot connect to host|connect(?:ing|ion)? to|connected to|could not connect to|couldn't connect to|failed to connect to|can't connect to|handshake with|SSL_connect error to|connect to server|broker at|reach|contacting|TLS connection (?:established )?(?:to|with)|STARTTLS to|server certificate for|certificate (?:of|for)|verification failed for) [\"'<]?(?P<host>{_DOTTED})[\"'>]?(?:\[[0-9a-fA-F.:]{{2,45}}\])?(?:[: ]{{1,2}}(?:port )?(?P<port>\d{{1,5}}))?(?![\w.-])",
        rf"\b(?:host|hostname|server_?name|servername|sni|server|domain|peer|upstream|remote|relay|addr(?:ess)?|endpoint|target|broker|authority)['\"]?\s?[=:]\s?['\"]?(?P<host>{_DOTTED})(?:\[[0-9a-fA-F.:]{{2,45}}\])?(?::(?P<port>\d{{1,5}}))?(?![\w-])",
        rf"relay=(?P<host>{_DOTTED})",
        rf"dial tcp:? (?:lookup )?(?P<host>{_DOTTED})(?::(?P<port>\d{{1,5}}))?",
        rf"\blookup (?P<host>{_DOTTED})",
        rf"(?:resolve host(?:name)?|getaddrinfo(?: ENOTFOUND| EAI_AGAIN)?|UnknownHostException:)[: (]{{1,2}}['\"]?(?P<host>{_DOTTED})",
        rf"-connect (?P<host>{_NAME}):(?P<port>\d{{1,5}})",
        rf"-servername (?P<host>{_NAME})",
        rf"(?:ECONNREFUSED|ECONNRESET|ETIMEDOUT|failed to dial) (?P<host>{_DOTTED})(?::(?P<port>\d{{1,5}}))?",
        r"peeraddr=(?P<host>[0-9a-fA-F.:]{2,45}):(?P<port>\d{1,5})",
        rf"(?<![\w.@/-])(?P<host>{_DOTTED}):(?P<port>\d{{2,5}})(?!\w|[:.]\d)",
        rf"\b(?:curl|wget|ping|host) (?:-[\w-]{{1,20}} ){{0,4}}['\"]?(?P<host>{_DOTTED})",
        r"\b(?:CN|commonName) ?= ?(?P<host>(?:[\w*-]{1,63}\.){1,10}[A-Za-z]{2,24})(?![\w.])",
        r"\b(?:to|at|for|from|with|on|of|via|by) ['\"<]?(?P<host>(?:[\w-]{1,63}\.){1,10}[a-z]{2,24})(?![\w.(:/-])",
        r"(?<![A-Za-z0-9_.@/\\$-])(?P<host>(?:[a-z0-9-]{1,63}\.){1,10}(?:com|net|org|io|jp|dev|app|de|fr|uk|eu|cn|ru|nl|edu|gov|local|internal|lan|example|test|cloud|corp|home|intra|info|me|tv|ai|ch|it|se|no|pl|br|in|kr|au|ca|us|biz|xyz|tech|site|online|svc|invalid))(?![A-Za-z0-9_(/-]|\.[A-Za-z0-9_])",
    )
)

# What error texts and tools link to, or print about themselves.
_NOT_PEERS = frozenset(
    [
        "curl.se",
        "curl.haxx.se",
        "bit.ly",
        "aka.ms",
        "go.microsoft.com",
        "docs.microsoft.com",
        "learn.microsoft.com",
        "pip.pypa.io",
        "urllib3.readthedocs.io",
        "docs.python.org",
        "nodejs.org",
        "www.openssl.org",
        "openssl.org",
        "docs.oracle.com",
        "developer.mozilla.org",
        "support.mozilla.org",
        "wiki.mozilla.org",
        "sqlalche.me",
        "developer.apple.com",
        "support.apple.com",
        "letsencrypt.org",
        "community.letsencrypt.org",
        "certbot.eff.org",
        "eff.org",
        "cwiki.apache.org",
        "maven.apache.org",
        "docs.gradle.org",
        "help.gradle.org",
        "docs.docker.com",
        "kubernetes.io",
        "golang.org",
        "go.dev",
        "pkg.go.dev",
        "godoc.org",
        "stackoverflow.com",
        "serverfault.com",
        "man7.org",
        "tools.ietf.org",
        "www.rfc-editor.org",
        "www.w3.org",
        "schemas.xmlsoap.org",
        "schemas.microsoft.com",
        "docs.rs",
        "bugs.python.org",
        "bugs.ruby-lang.org",
        "php.net",
        "www.php.net",
        "us2.php.net",
        "secure.php.net",
        "docs.npmjs.com",
        "docs.aws.amazon.com",
        "errors.pydantic.dev",
        "conda.io",
        "docs.conda.io",
        "yarnpkg.com",
        "classic.yarnpkg.com",
        "chromium.org",
        "www.chromium.org",
        "slf4j.org",
        "www.slf4j.org",
        "logback.qos.ch",
        "developers.google.com",
        "docs.nginx.com",
        "nginx.org",
        "docs.github.com",
        "openssl-library.org",
    ]
)
_FILES = frozenset(
    [
        "py",
        "rb",
        "js",
        "mjs",
        "cjs",
        "ts",
        "tsx",
        "jsx",
        "php",
        "go",
        "rs",
        "java",
        "kt",
        "scala",
        "c",
        "h",
        "cc",
        "cpp",
        "hpp",
        "cs",
        "vb",
        "pl",
        "pm",
        "sh",
        "bash",
        "bat",
        "ps1",
        "exe",
        "dll",
        "so",
        "dylib",
        "jar",
        "war",
        "class",
        "log",
        "txt",
        "md",
        "json",
        "jsonl",
        "yaml",
        "yml",
        "toml",
        "ini",
        "conf",
        "cnf",
        "cfg",
        "xml",
        "html",
        "htm",
        "css",
        "pem",
        "crt",
        "cer",
        "key",
        "csr",
        "p12",
        "pfx",
        "jks",
        "der",
        "pub",
        "gz",
        "tgz",
        "zip",
        "tar",
        "xz",
        "bz2",
        "whl",
        "deb",
        "rpm",
        "iso",
        "img",
        "png",
        "jpg",
        "svg",
        "lock",
        "sock",
        "pid",
        "service",
        "socket",
        "tmp",
        "bak",
        "sql",
        "db",
        "csv",
        "swift",
        "m",
        "mm",
        "ex",
        "exs",
        "erl",
        "beam",
        "lua",
        "vue",
        "phar",
        "gem",
        "plist",
        "proto",
        "tf",
        "hcl",
        "repo",
        "list",
        "gpg",
        "asc",
        "mod",
        "sum",
        "properties",
        "rules",
        "crl",
    ]
)
_PACKAGES = re.compile(
    r"^(?:com|org|net|io|java|javax|sun|jdk|kotlin|kotlinx|scala|android|androidx|jakarta|system|"
    r"microsoft|okhttp\d?|retrofit\d?|reactor|akka|play|spring|requests|urllib3|urllib|http|ssl|tls|"
    r"socket|openssl|aiohttp|httpx|httpcore|asyncio|anyio|pip|_pytest|botocore|boto3|django|flask|"
    r"crypto|os|fs|net|node|process|window|self|this|std|hyper|reqwest|tokio|rustls|grpc|"
    r"resource|dev|main|app|index|server|client)\.[a-z_$][\w$]*",
    re.IGNORECASE,
)
# What reversed domain names begin with, and no server's name.
_TOPMOST = frozenset(
    [
        "com",
        "org",
        "net",
        "io",
        "java",
        "javax",
        "sun",
        "jdk",
        "android",
        "androidx",
        "jakarta",
        "system",
        "microsoft",
    ]
)
_EPHEMERAL = 32_768  # the first port that Linux gives to clients (ip_local_port_range)
_PLACEHOLDER = re.compile(r"x{1,20}(?:\.x{1,20}){1,10}")
_GUIDE = re.compile(r"/[^\s'\"]{0,200}(?:wiki|troubleshoot|/docs?/|/issues/|/faq)", re.IGNORECASE)
_VERSION = re.compile(r"v?\d{1,6}(?:\.\d{1,9}){1,3}(?:[-+a-z].*)?$")
_CLASS = re.compile(r"[a-z][A-Za-z0-9]*[A-Z]|\.[A-Z][a-z]+[A-Z]?[A-Za-z]*$")


def names_code(name: str) -> bool:
    """Whether a dotted name is that of a file, a package or a class, and not of a server.

    Args:
        name: As it stands in a text, without port and not within a URL.
    """
    first, _, rest = name.casefold().partition(".")
    last = rest.rpartition(".")[2]
    if ("." in rest and first in _TOPMOST) or last.endswith(("error", "exception")):
        return True
    return last in _FILES or "_" in last or _CLASS.search(name) is not None


def host_of(cleaned: Cleaned, deciding: str) -> tuple[str | None, int | None]:
    """The server that the text names, and its port where one stands beside it.

    Args:
        cleaned: The whole text.
        deciding: The line that names the fault; a server there comes before others.
    """
    for text in dict.fromkeys((deciding, cleaned.flat)):
        lowered = text.lower()
        for word, form in _FORMS:
            for found in _some(form, text) if word in lowered else ():
                host = _accepted(found["host"], text, found.start("host"), found.end("host"))
                port = found.groupdict().get("port")
                # Nobody listens there: it is the address of a client that came.
                if host and port and int(port) >= _EPHEMERAL and "://" not in found[0]:
                    continue
                if host:
                    return host, int(port) if port and 0 < int(port) < 65536 else None
    return None, None


def _some(form: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    for number, found in enumerate(form.finditer(text)):
        if number == 40:
            return
        yield found


def _accepted(name: str, text: str, start: int, end: int) -> str | None:
    bare = name.strip("[]").rstrip(".")
    lower = bare.casefold()
    in_url = text[max(start - 2, 0) : start] == "//"
    if not bare or "*" in bare or _PLACEHOLDER.fullmatch(lower):
        return None
    # Whoever connects to such a site names it in other ways than a link to its pages.
    if in_url and (lower in _NOT_PEERS or _GUIDE.match(text, end)):
        return None
    if "." not in lower and ":" not in lower and lower != "localhost":
        # A name without a dot is one only where it stands as a URL's host or between quotes.
        before = text[max(start - 3, 0) : start]
        if not before.endswith(("//", "'", '"', "@", "<", "[", "ng ")) or not re.search(
            "[a-z]", lower
        ):
            return None
    last = lower.rpartition(".")[2]
    address = re.fullmatch(r"\d{1,3}(?:\.\d{1,3}){3}", bare)
    if not text[max(start - 3, 0) : start].endswith("//"):
        if last in _FILES and not address:
            return None
        if address is None and _VERSION.match(lower):
            return None
        called = len(lower.split(".")) > 2 or text[end : end + 1] in "([{:"
        if _PACKAGES.match(bare) and called and lower.partition(".")[0] in _TOPMOST:
            return None
        if _CLASS.search(bare) or "_" in last or text[end : end + 1] == "(":
            return None
    # A frame of a JavaScript stack: `at TLSSocket.emit (events.js:203)`.
    if text[max(start - 3, 0) : start] == "at " and text[end : end + 2] == " (":
        return None
    if address and any(int(part) > 255 for part in bare.split(".")):
        return None
    if lower in {"0.0.0.0", "::"}:  # noqa: S104 - nothing is bound: it names no peer
        return None
    try:
        return parse_target(f"[{bare}]" if ":" in bare else bare).host
    except TargetError:
        return None
