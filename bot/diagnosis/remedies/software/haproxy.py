"""HAProxy: certificate, chain and key stand in one file."""

from bot.diagnosis.remedies.software.entry import ANY, HASH, Change, Recipe, Software

_CHECK = "haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy"
_FILE = (
    "cat {file}.fullchain.pem {file}.key | "
    "sudo install -m 600 /dev/stdin /etc/haproxy/certs/{file}.pem"
)

ENTRY = Software(
    code="haproxy",
    side="server",
    services=ANY,
    recipes=(
        Recipe(Change.INSTALL, _FILE, _CHECK),
        Recipe(
            Change.RENEW,
            "certbot renew --cert-name {host}\n"
            "cat /etc/letsencrypt/live/{host}/fullchain.pem /etc/letsencrypt/live/{host}/privkey.pem | "
            "sudo install -m 600 /dev/stdin /etc/haproxy/certs/{file}.pem",
            _CHECK,
        ),
        Recipe(
            Change.CHOOSE,
            "# every file of this folder is offered by the names in it:\n"
            "bind :{port} ssl crt /etc/haproxy/certs/",
            _CHECK,
            HASH,
        ),
        Recipe(
            Change.PROTOCOLS,
            "# in the section global:\nssl-default-bind-options ssl-min-ver TLSv1.2",
            _CHECK,
            HASH,
        ),
        Recipe(
            Change.CIPHERS,
            "# in the section global:\nssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20",
            _CHECK,
            HASH,
        ),
        Recipe(Change.TLS_ON, "bind :{port} ssl crt /etc/haproxy/certs/{file}.pem", _CHECK, HASH),
        Recipe(Change.LOG, "journalctl -u haproxy --since '1 hour ago' | grep -i ssl"),
        Recipe(
            Change.START,
            "haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl restart haproxy",
        ),
    ),
)
