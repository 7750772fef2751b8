"""Linux distributions as clients: where their trust store is, and what rebuilds it."""

from bot.diagnosis.remedies.software.entry import ANY, Change, Recipe, Software

# Each intermediate in a file of its own: rehashing passes over files with several.
SPLIT = (
    'awk \'/BEGIN CERT/{{n++}} n>1{{print > ("{file}-intermediate-" n ".crt")}}\' '
    "{file}.fullchain.pem"
)
_PROVE = "curl{curl_by_proxy} -sSI {url}"

_CLOCK = Recipe(Change.CLOCK, "timedatectl; timedatectl set-ntp true")

DEBIAN = Software(
    code="debian",
    side="client",
    services=ANY,
    prove=_PROVE,
    expect="HTTP/",
    recipes=(
        Recipe(
            Change.TRUST,
            "sudo cp {file}-root.crt /usr/local/share/ca-certificates/\nsudo update-ca-certificates",
            expect="1 added",
        ),
        Recipe(
            Change.LEND,
            SPLIT + "\nsudo cp {file}-intermediate-*.crt /usr/local/share/ca-certificates/\n"
            "sudo update-ca-certificates",
            expect="added",
        ),
        Recipe(
            Change.ROOTS,
            "sudo apt-get update\nsudo apt-get install --reinstall ca-certificates\n"
            "sudo update-ca-certificates --fresh",
        ),
        _CLOCK,
    ),
)

RHEL = Software(
    code="rhel",
    side="client",
    services=ANY,
    prove=_PROVE,
    expect="HTTP/",
    recipes=(
        Recipe(
            Change.TRUST,
            "sudo cp {file}-root.crt /etc/pki/ca-trust/source/anchors/\nsudo update-ca-trust",
        ),
        Recipe(
            Change.LEND,
            SPLIT + "\nsudo cp {file}-intermediate-*.crt /etc/pki/ca-trust/source/anchors/\n"
            "sudo update-ca-trust",
        ),
        Recipe(Change.ROOTS, "sudo yum reinstall -y ca-certificates\nsudo update-ca-trust"),
        Recipe(Change.CLOCK, "timedatectl; sudo systemctl enable --now chronyd; chronyc tracking"),
    ),
)

ALPINE = Software(
    code="alpine",
    side="client",
    services=ANY,
    prove="wget -S -O /dev/null {url}",
    expect="HTTP/1.1 ",
    recipes=(
        Recipe(
            Change.TRUST,
            "apk add --no-cache ca-certificates\n"
            "cp {file}-root.crt /usr/local/share/ca-certificates/\nupdate-ca-certificates",
        ),
        Recipe(
            Change.LEND,
            "apk add --no-cache ca-certificates\n"
            + SPLIT
            + "\ncp {file}-intermediate-*.crt /usr/local/share/ca-certificates/\n"
            "update-ca-certificates",
        ),
        Recipe(
            Change.ROOTS, "apk add --no-cache --upgrade ca-certificates\nupdate-ca-certificates"
        ),
        Recipe(Change.CLOCK, "date -u; rc-service chronyd restart; chronyc tracking"),
    ),
)
