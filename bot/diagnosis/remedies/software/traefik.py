"""Traefik: the dynamic configuration, which it watches. https://doc.traefik.io/traefik/https/tls/ ."""

from bot.diagnosis.remedies.software.entry import HASH, WEB, Change, Recipe, Software, telling

_LOG = "docker logs --since 1h traefik 2>&1 | grep -iE 'tls|certificate|acme'"
_FILES = (
    "tls:\n"
    "  certificates:\n"
    "    - certFile: /etc/traefik/tls/{file}.fullchain.pem\n"
    "      keyFile: /etc/traefik/tls/{file}.key"
)

ENTRY = Software(
    code="traefik",
    side="server",
    services=WEB,
    signs=(telling("issuer", r"\bTRAEFIK DEFAULT CERT\b"),),
    recipes=(
        Recipe(Change.INSTALL, _FILES, _LOG, HASH),
        Recipe(Change.RENEW, _LOG + "\ndocker restart traefik"),
        Recipe(
            Change.CHOOSE,
            "# the router’s rule has to name the host:\n"
            "http:\n"
            "  routers:\n"
            "    {name}:\n"
            "      rule: Host(`{host}`)\n"
            "      tls: {{}}",
            _LOG,
            HASH,
        ),
        Recipe(
            Change.PROTOCOLS,
            "tls:\n  options:\n    default:\n      minVersion: VersionTLS12",
            _LOG,
            HASH,
        ),
        Recipe(
            Change.CIPHERS,
            "tls:\n"
            "  options:\n"
            "    default:\n"
            "      minVersion: VersionTLS12\n"
            "      cipherSuites:\n"
            "        - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\n"
            "        - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n"
            "        - TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305\n"
            "        - TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
            _LOG,
            HASH,
        ),
        Recipe(
            Change.TLS_ON,
            "# in the static configuration:\n"
            "entryPoints:\n"
            "  websecure:\n"
            '    address: ":{port}"\n'
            "    http:\n"
            "      tls: {{}}",
            "docker restart traefik",
            HASH,
        ),
        Recipe(Change.LOG, _LOG),
        Recipe(Change.START, "docker restart traefik && docker logs --tail 20 traefik"),
    ),
)
