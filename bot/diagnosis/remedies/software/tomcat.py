"""Tomcat and other servers in Java: the chain belongs into the keystore, with the key."""

from bot.diagnosis.remedies.software.entry import WEB, Change, Recipe, Software, telling

_XML = "<!-- {} -->"
_RESTART = "bin/shutdown.sh; bin/startup.sh"
_KEYSTORE = (
    "openssl pkcs12 -export -in {file}.fullchain.pem -inkey {file}.key -name tomcat "
    "-passout pass:changeit -out conf/{file}.p12\n"
    "keytool -list -v -storetype PKCS12 -keystore conf/{file}.p12 -storepass changeit "
    "| grep 'Certificate chain length'"
)
_HOST = (
    '<Connector port="{port}" protocol="org.apache.coyote.http11.Http11NioProtocol" '
    'SSLEnabled="true" scheme="https" secure="true"\n'
    '           defaultSSLHostConfigName="{host}">\n'
    '  <SSLHostConfig hostName="{host}" protocols="TLSv1.2,TLSv1.3">\n'
    '    <Certificate certificateKeystoreFile="conf/{file}.p12" certificateKeystoreType="PKCS12"\n'
    '                 certificateKeystorePassword="changeit" />\n'
    "  </SSLHostConfig>\n"
    "</Connector>"
)

ENTRY = Software(
    code="tomcat",
    side="server",
    services=WEB,
    signs=(telling("server", r"^(Apache-Coyote/|Tomcat\b|Jetty\()"),),
    recipes=(
        Recipe(Change.INSTALL, _KEYSTORE, _RESTART, expect="Certificate chain length: 2"),
        Recipe(Change.RENEW, "certbot renew --cert-name {host}\n" + _KEYSTORE, _RESTART),
        Recipe(Change.CHOOSE, _HOST, _RESTART, _XML),
        Recipe(Change.PROTOCOLS, _HOST, _RESTART, _XML),
        Recipe(
            Change.CIPHERS,
            '<SSLHostConfig hostName="{host}" protocols="TLSv1.2,TLSv1.3"\n'
            '               ciphers="ECDHE+AESGCM:ECDHE+CHACHA20">',
            _RESTART,
            _XML,
        ),
        Recipe(Change.TLS_ON, _HOST, _RESTART, _XML),
        Recipe(Change.LOG, "grep -iE 'ssl|tls|keystore' logs/catalina.out | tail -n 20"),
        Recipe(Change.START, "bin/catalina.sh configtest && bin/startup.sh"),
    ),
)
