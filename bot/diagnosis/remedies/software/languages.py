"""Python and Go as clients: the roots that they read, and how to point them elsewhere."""

from bot.diagnosis.remedies.software.entry import ANY, Change, Recipe, Software

_ROOTS = 'cat "$(python3 -m certifi)" '
_USE = 'export SSL_CERT_FILE="$PWD/{file}-bundle.pem" REQUESTS_CA_BUNDLE="$PWD/{file}-bundle.pem"'
_INTERMEDIATES = "sed '1,/END CERTIFICATE/d' {file}.fullchain.pem >{file}-intermediates.pem\n"

PYTHON = Software(
    code="python",
    side="client",
    services=ANY,
    prove=(
        'python3 -c "import socket, ssl; '
        "print(ssl.create_default_context().wrap_socket("
        "socket.create_connection(('{host}', {port})), server_hostname='{host}').version())\""
    ),
    expect="TLSv1.",
    recipes=(
        Recipe(Change.TRUST, _ROOTS + "{file}-root.crt >{file}-bundle.pem\n" + _USE),
        Recipe(
            Change.LEND,
            _INTERMEDIATES + _ROOTS + "{file}-intermediates.pem >{file}-bundle.pem\n" + _USE,
        ),
        Recipe(Change.ROOTS, "python3 -m pip install --upgrade certifi"),
        Recipe(
            Change.PRESENT,
            'python3 -c "import requests; '
            "print(requests.get('{url}', cert=('client.pem', 'client.key')).status_code)\"",
        ),
    ),
)

GO = Software(
    code="go",
    side="client",
    services=ANY,
    recipes=(
        Recipe(
            Change.TRUST,
            "cat /etc/ssl/certs/ca-certificates.crt {file}-root.crt >{file}-bundle.pem\n"
            'export SSL_CERT_FILE="$PWD/{file}-bundle.pem"',
        ),
        Recipe(
            Change.LEND,
            _INTERMEDIATES
            + "cat /etc/ssl/certs/ca-certificates.crt {file}-intermediates.pem >{file}-bundle.pem\n"
            'export SSL_CERT_FILE="$PWD/{file}-bundle.pem"',
        ),
        Recipe(
            Change.ROOTS,
            "# Dockerfile of an image FROM scratch:\n"
            "# COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/\n"
            "ls -l /etc/ssl/certs/ca-certificates.crt",
        ),
    ),
)
