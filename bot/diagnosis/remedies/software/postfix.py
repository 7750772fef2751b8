"""Postfix.

https://www.postfix.org/TLS_README.html
"""

from bot.diagnosis.remedies.software.entry import Change, Recipe, Software, telling

_RELOAD = "postfix check && postfix reload"
_FILES = (
    "postconf -e 'smtpd_tls_cert_file = /etc/postfix/tls/{file}.fullchain.pem' "
    "'smtpd_tls_key_file = /etc/postfix/tls/{file}.key'"
)

ENTRY = Software(
    code="postfix",
    side="server",
    services=frozenset({"smtp"}),
    signs=(telling("banner", r"^220.*\bPostfix\b"),),
    recipes=(
        Recipe(Change.INSTALL, _FILES, _RELOAD),
        Recipe(
            Change.RENEW,
            "certbot renew --cert-name {host} --deploy-hook 'postfix reload'",
        ),
        Recipe(
            Change.CHOOSE,
            "# Postfix 3.4 and later: /etc/postfix/sni, one line a name\n"
            "# {host} /etc/postfix/tls/{file}.key /etc/postfix/tls/{file}.fullchain.pem\n"
            "postmap -F hash:/etc/postfix/sni\n"
            "postconf -e 'tls_server_sni_maps = hash:/etc/postfix/sni'",
            _RELOAD,
        ),
        Recipe(
            Change.PROTOCOLS,
            "postconf -e 'smtpd_tls_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1' "
            "'smtpd_tls_mandatory_protocols = !SSLv2, !SSLv3, !TLSv1, !TLSv1.1'",
            _RELOAD,
        ),
        Recipe(
            Change.CIPHERS,
            "postconf -e 'smtpd_tls_ciphers = medium' 'smtpd_tls_mandatory_ciphers = medium' "
            "'smtpd_tls_exclude_ciphers = aNULL, kDHE'",
            _RELOAD,
        ),
        Recipe(
            Change.TLS_ON,
            "postconf -M 'submissions/inet=submissions inet n - y - - smtpd'\n"
            "postconf -P 'submissions/inet/smtpd_tls_wrappermode=yes' "
            "'submissions/inet/smtpd_sasl_auth_enable=yes'",
            _RELOAD,
        ),
        Recipe(Change.STARTTLS, _FILES + "\npostconf -e 'smtpd_tls_security_level = may'", _RELOAD),
        Recipe(Change.LOG, "grep -E 'postfix.*(TLS|SSL)' /var/log/mail.log | tail -n 20"),
        Recipe(Change.START, "postfix check && postfix start"),
    ),
)
