"""nginx, and what is built on it (OpenResty, Tengine)."""

from bot.diagnosis.remedies.software.entry import HASH, WEB, Change, Recipe, Software, telling

_RELOAD = "nginx -t && nginx -s reload"

ENTRY = Software(
    code="nginx",
    side="server",
    services=WEB,
    signs=(telling("server", r"^(nginx|openresty|Tengine)\b"),),
    recipes=(
        Recipe(
            Change.INSTALL,
            "ssl_certificate     /etc/nginx/tls/{file}.fullchain.pem;\n"
            "ssl_certificate_key /etc/nginx/tls/{file}.key;",
            _RELOAD,
            HASH,
        ),
        Recipe(
            Change.RENEW,
            "certbot certificates --domain {host}\n"
            "certbot renew --cert-name {host} --deploy-hook 'nginx -s reload'",
        ),
        Recipe(
            Change.CHOOSE,
            "# in the server block that has the certificate for {host}:\n"
            "listen {port} ssl;\n"
            "server_name {host};",
            "nginx -T | grep -nE 'listen|server_name|ssl_certificate ' && " + _RELOAD,
            HASH,
        ),
        Recipe(Change.PROTOCOLS, "ssl_protocols TLSv1.2 TLSv1.3;", _RELOAD, HASH),
        Recipe(
            Change.CIPHERS,
            "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;",
            _RELOAD,
            HASH,
        ),
        Recipe(
            Change.STAPLING,
            "ssl_stapling on;\nssl_stapling_verify on;\nresolver 127.0.0.53;",
            _RELOAD,
            HASH,
        ),
        Recipe(
            Change.TLS_ON,
            "listen {port} ssl;\n"
            "ssl_certificate     /etc/nginx/tls/{file}.fullchain.pem;\n"
            "ssl_certificate_key /etc/nginx/tls/{file}.key;",
            _RELOAD,
            HASH,
        ),
        Recipe(Change.LOG, "grep -F SSL /var/log/nginx/error.log | tail -n 20"),
        Recipe(Change.START, "nginx -t && systemctl restart nginx && systemctl status nginx"),
    ),
)
