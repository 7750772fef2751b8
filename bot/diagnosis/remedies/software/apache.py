"""Apache httpd: since 2.4.8 one file holds the whole chain, before it there were two.

https://httpd.apache.org/docs/2.4/mod/mod_ssl.html#sslcertificatechainfile
"""

from bot.diagnosis.remedies.software.entry import HASH, WEB, Change, Recipe, Software, telling

_RELOAD = "apachectl configtest && apachectl graceful"

_COMMON = (
    Recipe(
        Change.RENEW,
        "certbot certificates --domain {host}\n"
        "certbot renew --cert-name {host} --deploy-hook 'apachectl graceful'",
    ),
    Recipe(
        Change.CHOOSE,
        "# in the <VirtualHost *:{port}> that has the certificate for {host}:\n"
        "ServerName {host}\n"
        "SSLEngine on",
        "apachectl -S && " + _RELOAD,
        HASH,
    ),
    Recipe(
        Change.CIPHERS,
        "SSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20",
        _RELOAD,
        HASH,
    ),
    Recipe(
        Change.STAPLING,
        "# outside of the virtual host:\n"
        'SSLStaplingCache "shmcb:ssl_stapling(65536)"\n'
        "SSLUseStapling on",
        _RELOAD,
        HASH,
    ),
    Recipe(Change.LOG, "grep -rhi ssl /var/log/apache2 /var/log/httpd | tail -n 20"),
    Recipe(Change.START, "apachectl configtest && apachectl start"),
)

ENTRY = Software(
    code="apache",
    side="server",
    services=WEB,
    signs=(telling("server", r"^Apache\b(?!-Coyote)"),),
    recipes=(
        Recipe(
            Change.INSTALL,
            "SSLCertificateFile    /etc/apache2/tls/{file}.fullchain.pem\n"
            "SSLCertificateKeyFile /etc/apache2/tls/{file}.key",
            _RELOAD,
            HASH,
        ),
        Recipe(Change.PROTOCOLS, "SSLProtocol -all +TLSv1.2 +TLSv1.3", _RELOAD, HASH),
        Recipe(
            Change.TLS_ON,
            "# in the <VirtualHost *:{port}>:\n"
            "SSLEngine on\n"
            "SSLCertificateFile    /etc/apache2/tls/{file}.fullchain.pem\n"
            "SSLCertificateKeyFile /etc/apache2/tls/{file}.key",
            _RELOAD,
            HASH,
        ),
        *_COMMON,
    ),
)

BEFORE_2_4_8 = Software(
    code="apache-old",
    side="server",
    services=WEB,
    signs=(telling("server", r"^Apache/(1\.|2\.[0-3]\b|2\.4\.[0-7]\b)"),),
    recipes=(
        Recipe(
            Change.INSTALL,
            "# openssl x509 -in {file}.fullchain.pem -out {file}.crt\n"
            "# sed '1,/END CERTIFICATE/d' {file}.fullchain.pem > {file}.chain.pem\n"
            "SSLCertificateFile      /etc/httpd/tls/{file}.crt\n"
            "SSLCertificateKeyFile   /etc/httpd/tls/{file}.key\n"
            "SSLCertificateChainFile /etc/httpd/tls/{file}.chain.pem",
            _RELOAD,
            HASH,
        ),
        Recipe(Change.PROTOCOLS, "SSLProtocol -all +TLSv1.2", _RELOAD, HASH),
        Recipe(
            Change.TLS_ON,
            "# in the <VirtualHost *:{port}>:\n"
            "SSLEngine on\n"
            "SSLCertificateFile      /etc/httpd/tls/{file}.crt\n"
            "SSLCertificateKeyFile   /etc/httpd/tls/{file}.key\n"
            "SSLCertificateChainFile /etc/httpd/tls/{file}.chain.pem",
            _RELOAD,
            HASH,
        ),
        *(one for one in _COMMON if one.change is not Change.STAPLING),
    ),
)
