"""PostgreSQL.

https://www.postgresql.org/docs/current/ssl-tcp.html
"""

from bot.diagnosis.remedies.software.entry import HASH, Change, Recipe, Software, telling

_RELOAD = "sudo -u postgres psql -c 'SELECT pg_reload_conf()'"
_FILES = (
    "ssl_cert_file = '/etc/postgresql/tls/{file}.fullchain.pem'\n"
    "ssl_key_file  = '/etc/postgresql/tls/{file}.key'"
)

ENTRY = Software(
    code="postgresql",
    side="server",
    services=frozenset({"postgres"}),
    signs=(telling("protocol", r"^postgres$"),),
    recipes=(
        Recipe(Change.INSTALL, _FILES, _RELOAD, HASH),
        Recipe(
            Change.RENEW,
            "certbot renew --cert-name {host}\n"
            "sudo install -o postgres -m 600 /etc/letsencrypt/live/{host}/fullchain.pem "
            "/etc/postgresql/tls/{file}.fullchain.pem\n"
            "sudo install -o postgres -m 600 /etc/letsencrypt/live/{host}/privkey.pem "
            "/etc/postgresql/tls/{file}.key",
            _RELOAD,
        ),
        Recipe(Change.PROTOCOLS, "ssl_min_protocol_version = 'TLSv1.2'", _RELOAD, HASH),
        Recipe(Change.CIPHERS, "ssl_ciphers = 'ECDHE+AESGCM:ECDHE+CHACHA20'", _RELOAD, HASH),
        Recipe(Change.STARTTLS, "ssl = on\n" + _FILES, _RELOAD, HASH),
        Recipe(
            Change.LOG,
            "sudo -u postgres psql -c 'SELECT pg_current_logfile()'\n"
            "grep -i ssl /var/log/postgresql/postgresql-*.log | tail -n 20",
        ),
        Recipe(Change.START, "systemctl restart postgresql && pg_isready -h {host} -p {port}"),
    ),
)
