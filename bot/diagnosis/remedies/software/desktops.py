"""Windows (PowerShell as administrator) and macOS as clients."""

from bot.diagnosis.remedies.software.entry import ANY, HASH, Change, Recipe, Software

WINDOWS = Software(
    code="windows",
    side="client",
    services=ANY,
    prove="curl.exe -sSI {url}",
    expect="HTTP/",
    recipes=(
        Recipe(
            Change.TRUST,
            "Import-Certificate -FilePath {file}-root.crt "
            "-CertStoreLocation Cert:\\LocalMachine\\Root",
            None,
            HASH,
        ),
        Recipe(
            Change.LEND,
            "# the second certificate of {file}.fullchain.pem, saved as {file}-intermediate.crt\n"
            "Import-Certificate -FilePath {file}-intermediate.crt "
            "-CertStoreLocation Cert:\\LocalMachine\\CA",
            None,
            HASH,
        ),
        Recipe(
            Change.ROOTS,
            "certutil -generateSSTFromWU roots.sst\n"
            "Import-Certificate -FilePath roots.sst -CertStoreLocation Cert:\\LocalMachine\\Root",
            None,
            HASH,
        ),
        Recipe(
            Change.CLOCK,
            "Start-Service W32Time\nw32tm /resync\nw32tm /query /status",
            None,
            HASH,
        ),
        Recipe(
            Change.PRESENT,
            "$cert = (Import-PfxCertificate -FilePath client.p12 "
            "-CertStoreLocation Cert:\\CurrentUser\\My -Password (Read-Host -AsSecureString))\n"
            "Invoke-WebRequest -Uri {url} -Certificate $cert",
            None,
            HASH,
        ),
    ),
)

MACOS = Software(
    code="macos",
    side="client",
    services=ANY,
    prove="curl -sSI {url}",
    expect="HTTP/",
    recipes=(
        Recipe(
            Change.TRUST,
            "sudo security add-trusted-cert -d -r trustRoot "
            "-k /Library/Keychains/System.keychain {file}-root.crt",
        ),
        Recipe(
            Change.LEND,
            "sed '1,/END CERTIFICATE/d' {file}.fullchain.pem >{file}-intermediates.pem\n"
            "sudo security add-certificates -k /Library/Keychains/System.keychain "
            "{file}-intermediates.pem",
        ),
        Recipe(Change.ROOTS, "softwareupdate --list"),
        Recipe(Change.CLOCK, "sudo sntp -sS time.apple.com"),
        Recipe(
            Change.PRESENT,
            "openssl pkcs12 -export -in client.pem -inkey client.key -out client.p12\n"
            "security import client.p12 -k ~/Library/Keychains/login.keychain-db",
        ),
    ),
)
