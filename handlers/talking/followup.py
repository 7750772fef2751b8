"""What somebody asks on about a result: words and forms in English and Japanese, no model.

`read_followup` takes a message as it was typed (in a thread, in a direct message) and says which
question it is. A text that fits nothing gives `help`: the caller then says what can be asked.
Each question is one entry here, strongest first: "which clients break?" is about clients, though
"break" alone asks why.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from bot.texts.catalogue import Lang

Intent = Literal[
    "why",
    "client",
    "clients",
    "chain",
    "fix",
    "fullchain",
    "letter",
    "openssl",
    "recheck",
    "watch",
    "unwatch",
    "since",
    "expiry",
    "neighbours",
    "addresses",
    "history",
    "details",
    "compare",
    "help",
]

Name = TypeVar("Name", bound=str)

LONGEST = 500
"""Characters of a question; who pastes more wants an error explained, or a host checked."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question about a result. `client`, `software` and `lang` are set where they were named."""

    intent: Intent
    client: str | None = None
    software: str | None = None
    lang: Lang | None = None


def read_followup(text: str) -> FollowUp:
    """Which question a text is.

    Args:
        text: As typed, with or without the bot's mention; anything.
    """
    plain = _plain(text)
    client = _first(_CLIENTS, plain)
    software = _first(_SOFTWARES, plain)
    lang = _first(_LANGS, plain)
    intent = next((name for name, pattern in _INTENTS if pattern.search(plain)), None)
    if intent in (None, "why", "clients") and client is not None:
        intent = "client"
    elif intent is None and software is not None:
        intent = "fix"
    elif intent is None and lang is not None:
        intent = "letter"
    return FollowUp(
        intent or "help",
        client=client if intent == "client" else None,
        software=software if intent in ("fix", "letter") else None,
        lang=lang,
    )


_MENTIONS = re.compile(r"<[@!#][^>]{1,100}>")


def _plain(text: str) -> str:
    """Without mentions, half-width, small letters, one space between words."""
    text = unicodedata.normalize("NFKC", _MENTIONS.sub(" ", text[: LONGEST * 4]))
    return " ".join(text[:LONGEST].casefold().replace("’", "'").split())


def _words(english: str, japanese: str = "") -> re.Pattern[str]:
    """English at word boundaries, Japanese anywhere: it knows no spaces."""
    either = rf"(?<![a-z0-9])(?:{english})(?![a-z0-9])"
    return re.compile(f"{either}|{japanese}" if japanese else either)


def _first(table: Sequence[tuple[Name, re.Pattern[str]]], text: str) -> Name | None:
    return next((name for name, pattern in table if pattern.search(text)), None)


_INTENTS: tuple[tuple[Intent, re.Pattern[str]], ...] = (
    (
        "compare",
        _words(
            r"compare|comparison|from (?:everywhere|all (?:places|vantages|sites)|every (?:place|vantage|site)|elsewhere|other (?:places|vantages|sites))|"
            r"(?:all|other|every) vantages?",
            r"比較|くらべ|比べ|(?:全|ほかの|他の|別の|すべての)(?:拠点|場所|マシン|環境)|どこからでも",
        ),
    ),
    (
        "unwatch",
        _words(
            r"unwatch|(?:stop|end|quit|cancel) (?:the )?(?:watch(?:ing)?|telling|notif\w+)|no more watch\w*",
            r"監視.{0,4}(?:やめ|止め|解除|終了|停止)|通知.{0,4}(?:やめ|止め|解除|不要)",
        ),
    ),
    (
        "neighbours",
        _words(
            r"who else|(?:which|what|any) others?|other (?:hosts?|sites?|servers?|names?|domains?)|same (?:intermediate|issuer|ca)|also uses?",
            r"他に|ほかに|他の(?:ホスト|サイト|サーバ)|同じ中間|同じ(?:認証局|発行元)",
        ),
    ),
    (
        "letter",
        _words(
            r"letter|e-?mail|mail|message (?:to|for) (?:the )?(?:owner|customer|admin)|what (?:do|can|should) (?:i|we) (?:write|tell)",
            r"手紙|レター|メール|文面|文案|連絡文|依頼文|お客様.{0,6}(?:伝え|連絡|説明)",
        ),
    ),
    (
        "fullchain",
        _words(
            r"full ?chain(?:\.pem)?|pem|bundle file|(?:the|that|which|give me) file",
            r"フルチェーン|ファイル",
        ),
    ),
    (
        "watch",
        _words(
            r"watch|(?:tell|ping|notify|alert|let) (?:me|us|know).{0,30}|keep an eye|remind",
            r"監視|見張|見守|知らせて|通知して|教えて.{0,4}(?:直った|復旧)|(?:直った|復旧した|変わった)ら",
        ),
    ),
    (
        "recheck",
        _words(
            r"re-?check|check (?:it )?(?:again|once more|now)|try again|look again|again|once more|still (?:broken|failing|bad|down)|"
            r"(?:is it|has it been|already|now) (?:fixed|ok|okay|mended|working|resolved)|fixed (?:yet|now)|works? now",
            r"再確認|再チェック|再検査|もう一度|もう1度|もっかい|(?:直|なお)(?:った|り(?:まし)?た|ってる|っている)|まだ(?:だめ|駄目|壊|エラー|失敗)|復旧した",
        ),
    ),
    (
        "history",
        _words(
            r"history|what (?:has )?changed|changes|before that|timeline|in the past",
            r"履歴|経緯|変更点|何が変わ|変わった(?:点|ところ)|過去",
        ),
    ),
    (
        "since",
        _words(
            r"since when|since|how long|when did|when has|first seen|start(?:ed)?|begin|began",
            r"いつから|いつ(?:から|頃から)|何時から|どのくらい前|発生(?:時刻|日時)",
        ),
    ),
    (
        "expiry",
        _words(
            r"expir\w*|valid (?:until|till|to)|until when|how many days|days left|not ?after|run(?:s)? out",
            r"有効期限|期限|いつまで|何日|残り",
        ),
    ),
    (
        "openssl",
        _words(
            r"openssl (?:command|s_client|line|check|proof)|(?:which|what|the|give me the|by) command|command line|commands?|by hand|"
            r"(?:verify|check|prove|see) (?:it |this )?(?:myself|ourselves|by hand)|proof|s_client",
            r"^openssl$|コマンド|手動で|自分で確認|手元で|確認(?:方法|手順)",
        ),
    ),
    (
        "fix",
        _words(
            r"fix(?:es|ed)?|how (?:do|can|to|should) (?:i |we |they )?(?:fix|mend|solve|repair|resolve|install|configure)|solution|repair|mend|"
            r"remedy|resolve|what (?:to|can|should) (?:i |we |they )?do|config(?:uration)?|workaround|stop-?gap|install",
            r"直し方|直す|対処|対策|修正|解決|対応|設定|どうすれば|どうしたら|回避|暫定",
        ),
    ),
    (
        "addresses",
        _words(
            r"address(?:es)?|ips?|ip addresses|which (?:servers?|backends?|nodes?)|backends?|dns",
            r"アドレス|バックエンド|どのサーバ|何台",
        ),
    ),
    (
        "clients",
        _words(
            r"clients?|browsers?|apps?|who (?:breaks?|fails?|notices?|is (?:affected|hit|broken))|which (?:ones? )?(?:breaks?|fails?)|"
            r"affect(?:ed|s)?|impact|works? (?:in|on|with) (?:which|what)",
            r"クライアント|ブラウザ|影響|どれが(?:失敗|だめ)|誰が|どこで(?:失敗|エラー)|アプリ",
        ),
    ),
    (
        "chain",
        _words(
            r"chain|certificates?|certs?|intermediates?|root|issuer|issued by|sent",
            r"チェーン|証明書|中間|ルート|発行元|発行者|認証局",
        ),
    ),
    (
        "details",
        _words(r"details?|more|everything|evidence|full report", r"詳細|詳しく|全部|証拠|根拠"),
    ),
    (
        "why",
        _words(
            r"why|how come|reason|cause|what(?:'s| is| does| do)? (?:wrong|happen\w*|broken|it mean|this mean|that mean)|explain|meaning|understand",
            r"なぜ|なんで|何で|どうして|原因|理由|何が(?:悪|おかし|起き)|どういう(?:意味|こと)|説明",
        ),
    ),
    ("help", _words(r"help|what can (?:i|you)|commands\?", r"ヘルプ|使い方|何ができ|何が聞け")),
)

# Before "openssl" the client stands "openssl" the command, which an intent above catches.
_CLIENTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("java-aia", _words(r"java.{0,20}(?:aia|enableaiacaissuers)")),
    (
        "android-7",
        _words(
            r"(?:old|android [4-7](?:\.\d)?) ?androids?|android [4-7](?:\.\d)?", r"古い ?android"
        ),
    ),
    ("openssl-1.0.2", _words(r"openssl 1\.0(?:\.2)?|centos ?7|rhel ?7", r"古いopenssl")),
    ("python-strict", _words(r"python ?3\.1[3-9]")),
    ("chrome", _words(r"chrome|chromium|google chrome", r"クローム")),
    ("firefox", _words(r"firefox|mozilla", r"ファイヤーフォックス")),
    ("safari", _words(r"safari|iphones?|ipads?|ios|macs?|macos|apple", r"サファリ|アイフォン")),
    (
        "windows",
        _words(
            r"edge|windows|schannel|powershell|internet explorer|ie|outlook", r"ウィンドウズ|エッジ"
        ),
    ),
    ("android", _words(r"androids?", r"アンドロイド")),
    ("curl", _words(r"curl|libcurl")),
    ("gnutls", _words(r"gnutls|wget|git|apt")),
    ("node", _words(r"node(?:\.?js)?|npm|yarn|javascript|electron")),
    ("python", _words(r"python|requests|pip|urllib3?|httpx|aiohttp|boto3?|aws ?cli")),
    ("java", _words(r"java|jvm|jdk|spring|kotlin|maven|gradle|tomcat client", r"ジャバ")),
    ("go", _words(r"golang|go|kubectl|docker|terraform|prometheus")),
    ("ruby", _words(r"ruby|rails|bundler|gem")),
    ("php", _words(r"php|composer|guzzle|laravel|wordpress")),
    ("dotnet", _words(r"\.?net(?: core)?|dotnet|c#|csharp")),
    ("rustls", _words(r"rust|rustls|reqwest|deno|uv|cargo")),
    ("openssl", _words(r"openssl")),
)

_SOFTWARES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "apache-old",
        _words(r"(?:old )?apache 2\.(?:2|4\.[0-7])(?:\.\d+)?|old apache", r"古いapache"),
    ),
    ("apache", _words(r"apache2?|httpd", r"アパッチ")),
    ("kubernetes-ingress", _words(r"kubernetes|k8s|ingress", r"クーバネティス")),
    ("cert-manager", _words(r"cert-?manager")),
    ("nginx", _words(r"nginx|openresty", r"エンジンエックス")),
    ("haproxy", _words(r"ha-?proxy")),
    ("caddy", _words(r"caddy")),
    ("traefik", _words(r"traefik")),
    ("envoy", _words(r"envoy|istio")),
    ("iis", _words(r"iis|windows server")),
    ("tomcat", _words(r"tomcat|keystore|jetty|spring boot")),
    ("aws-cloudfront", _words(r"cloud ?front")),
    ("aws-alb", _words(r"alb|elb|nlb|load balancer of aws")),
    ("aws-acm", _words(r"acm|aws")),
    ("gcp-lb", _words(r"gcp|google cloud|gclb")),
    ("azure", _words(r"azure|application gateway|front door")),
    ("cloudflare", _words(r"cloudflare|52[56]")),
    ("postfix", _words(r"postfix")),
    ("dovecot", _words(r"dovecot")),
    ("exim", _words(r"exim4?")),
    ("postgresql", _words(r"postgres(?:ql)?|pg")),
    ("mysql", _words(r"mysql|mariadb")),
    ("node-server", _words(r"node(?:\.?js)? server|express|https\.createserver")),
    ("debian", _words(r"debian|ubuntu", r"デビアン|ウブントゥ")),
    ("rhel", _words(r"rhel|red ?hat|centos|rocky|alma(?:linux)?|fedora|amazon linux")),
    ("alpine", _words(r"alpine")),
    ("docker", _words(r"docker|containers?|image", r"コンテナ")),
    ("java", _words(r"java|jvm|jdk|cacerts")),
    ("node", _words(r"node(?:\.?js)?|npm")),
    ("python", _words(r"python|requests|pip")),
    ("go", _words(r"golang|go")),
    ("windows", _words(r"windows")),
    ("macos", _words(r"macs?|macos")),
)

_LANGS: tuple[tuple[Lang, re.Pattern[str]], ...] = (
    ("ja", _words(r"japanese|ja|jp|nihongo", r"日本語|和文|邦文")),
    ("en", _words(r"english|en", r"英語|英文")),
)
