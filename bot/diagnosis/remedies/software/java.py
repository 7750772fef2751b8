"""Java as a client: a trust store of its own, in the installation of each JDK."""

from bot.diagnosis.remedies.software.entry import ANY, Change, Recipe, Software

ENTRY = Software(
    code="java",
    side="client",
    services=ANY,
    # One statement: jshell goes on after one that failed.
    prove=(
        'printf \'try {{ new java.net.URL("{url}").openConnection().connect(); '
        'System.out.println("TLS works"); }} '
        "catch (Exception e) {{ System.out.println(e); }}\\n' | jshell -s -"
    ),
    expect="TLS works",
    recipes=(
        Recipe(
            Change.TRUST,
            "keytool -importcert -noprompt -cacerts -storepass changeit "
            "-alias {name}-root -file {file}-root.crt",
            expect="Certificate was added to keystore",
        ),
        Recipe(
            Change.LEND,
            "export JAVA_TOOL_OPTIONS=-Dcom.sun.security.enableAIAcaIssuers=true",
        ),
        Recipe(
            Change.PRESENT,
            "openssl pkcs12 -export -in client.pem -inkey client.key -out client.p12\n"
            "export JAVA_TOOL_OPTIONS='-Djavax.net.ssl.keyStore=client.p12 "
            "-Djavax.net.ssl.keyStorePassword=changeit'",
        ),
    ),
)
