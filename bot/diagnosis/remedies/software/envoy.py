"""Envoy: the DownstreamTlsContext of a listener."""

from bot.diagnosis.remedies.software.entry import HASH, WEB, Change, Recipe, Software, telling

_CHECK = "envoy --mode validate -c /etc/envoy/envoy.yaml && systemctl restart envoy"
_CONTEXT = (
    "transport_socket:\n"
    "  name: envoy.transport_sockets.tls\n"
    "  typed_config:\n"
    '    "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext\n'
    "    common_tls_context:\n"
)
_FILES = (
    "      tls_certificates:\n"
    "        - certificate_chain:\n"
    "            filename: /etc/envoy/tls/{file}.fullchain.pem\n"
    "          private_key:\n"
    "            filename: /etc/envoy/tls/{file}.key"
)

ENTRY = Software(
    code="envoy",
    side="server",
    services=WEB,
    signs=(
        telling("server", r"^(istio-)?envoy\b"),
        telling("application", r"^x-envoy-"),
    ),
    recipes=(
        Recipe(Change.INSTALL, _CONTEXT + _FILES, _CHECK, HASH),
        Recipe(
            Change.CHOOSE,
            "# in the filter chain that has the certificate for {host}:\n"
            "filter_chain_match:\n"
            "  server_names:\n"
            '    - "{host}"',
            _CHECK,
            HASH,
        ),
        Recipe(
            Change.PROTOCOLS,
            _CONTEXT + "      tls_params:\n        tls_minimum_protocol_version: TLSv1_2",
            _CHECK,
            HASH,
        ),
        Recipe(
            Change.CIPHERS,
            _CONTEXT + "      tls_params:\n"
            "        cipher_suites:\n"
            "          - ECDHE-ECDSA-AES128-GCM-SHA256\n"
            "          - ECDHE-RSA-AES128-GCM-SHA256\n"
            "          - ECDHE-ECDSA-CHACHA20-POLY1305\n"
            "          - ECDHE-RSA-CHACHA20-POLY1305",
            _CHECK,
            HASH,
        ),
        Recipe(Change.TLS_ON, _CONTEXT + _FILES, _CHECK, HASH),
        Recipe(Change.LOG, "journalctl -u envoy --since '1 hour ago' | grep -i TLS_error"),
        Recipe(Change.START, _CHECK),
    ),
)
