"""Node.js: as a server that ends TLS itself, and as a client with the roots that it was built with."""

from bot.diagnosis.remedies.software.entry import ANY, WEB, Change, Recipe, Software, telling

_JS = "// {}"
_OPTIONS = (
    "cert: fs.readFileSync('/etc/node/tls/{file}.fullchain.pem'),\n"
    "key: fs.readFileSync('/etc/node/tls/{file}.key'),"
)

SERVER = Software(
    code="node-server",
    side="server",
    services=WEB,
    signs=(telling("application", r"^x-powered-by: (Express|Next\.js)\b"),),
    recipes=(
        Recipe(
            Change.INSTALL,
            "// options of https.createServer:\n" + _OPTIONS,
            "restart the process",
            _JS,
        ),
        Recipe(
            Change.CHOOSE,
            "// server is what https.createServer gave:\n"
            "server.addContext('{host}', {{\n" + _OPTIONS + "\n}});",
            "restart the process",
            _JS,
        ),
        Recipe(
            Change.PROTOCOLS,
            "// options of https.createServer:\nminVersion: 'TLSv1.2',",
            "restart the process",
            _JS,
        ),
        Recipe(
            Change.CIPHERS,
            "// options of https.createServer; without a line ciphers the default ones are current:\n"
            "ciphers: 'ECDHE+AESGCM:ECDHE+CHACHA20',",
            "restart the process",
            _JS,
        ),
        Recipe(
            Change.TLS_ON,
            "https.createServer({{\n" + _OPTIONS + "\n}}, handler).listen({port});",
            "restart the process",
            _JS,
        ),
        Recipe(
            Change.LOG,
            "// until the reason is known:\n"
            "server.on('tlsClientError', (error) => console.error(error.code, error.message));",
            "restart the process",
            _JS,
        ),
    ),
)

CLIENT = Software(
    code="node",
    side="client",
    services=ANY,
    prove=(
        "node -e \"require('tls').connect({port}, '{host}', {{servername: '{host}'}}, "
        "function () {{ console.log('authorized', this.authorized); this.end() }})"
        ".on('error', error => console.log(error.code))\""
    ),
    expect="authorized true",
    recipes=(
        Recipe(Change.TRUST, 'export NODE_EXTRA_CA_CERTS="$PWD/{file}-root.crt"'),
        Recipe(
            Change.LEND,
            "sed '1,/END CERTIFICATE/d' {file}.fullchain.pem >{file}-intermediates.pem\n"
            'export NODE_EXTRA_CA_CERTS="$PWD/{file}-intermediates.pem"',
        ),
        Recipe(Change.ROOTS, "node -p process.version\nexport NODE_OPTIONS=--use-openssl-ca"),
        Recipe(
            Change.PRESENT,
            "// options of https.request, or of new https.Agent:\n"
            "cert: fs.readFileSync('client.pem'),\n"
            "key: fs.readFileSync('client.key'),",
            "restart the process",
            _JS,
        ),
    ),
)
