"""Docker: images have trust stores of their own, the daemon has one for each registry."""

from bot.diagnosis.remedies.software.entry import ANY, HASH, Change, Recipe, Software

_PROVE = "docker run --rm YOUR-IMAGE curl -sSI {url}"

DOCKER = Software(
    code="docker",
    side="client",
    services=ANY,
    prove=_PROVE,
    expect="HTTP/",
    recipes=(
        Recipe(
            Change.TRUST,
            "# Dockerfile, Debian and Alpine:\n"
            "COPY {file}-root.crt /usr/local/share/ca-certificates/\n"
            "RUN update-ca-certificates",
            "docker build --tag YOUR-IMAGE .",
            HASH,
        ),
        Recipe(
            Change.LEND,
            '# awk \'/BEGIN CERT/{{n++}} n>1{{print > ("{file}-intermediate-" n ".crt")}}\' '
            "{file}.fullchain.pem\n"
            "# Dockerfile, Debian and Alpine:\n"
            "COPY {file}-intermediate-*.crt /usr/local/share/ca-certificates/\n"
            "RUN update-ca-certificates",
            "docker build --tag YOUR-IMAGE .",
            HASH,
        ),
        Recipe(
            Change.ROOTS,
            "# Dockerfile, Debian:\n"
            "RUN apt-get update && apt-get install -y ca-certificates\n"
            "# Dockerfile, Alpine:\n"
            "RUN apk add --no-cache ca-certificates",
            "docker build --tag YOUR-IMAGE .",
            HASH,
        ),
        Recipe(Change.CLOCK, "date -u; docker run --rm YOUR-IMAGE date -u"),
        Recipe(
            Change.PRESENT,
            "sudo mkdir -p /etc/docker/certs.d/{host}:{port}\n"
            "sudo cp client.pem /etc/docker/certs.d/{host}:{port}/client.cert\n"
            "sudo cp client.key /etc/docker/certs.d/{host}:{port}/client.key",
        ),
    ),
)
