"""Azure: the Application Gateway (a PFX with the whole chain), and Front Door before it."""

from bot.diagnosis.remedies.software.entry import WEB, Change, Recipe, Software, telling

_PFX = (
    "openssl pkcs12 -export -in {file}.fullchain.pem -inkey {file}.key "
    '-passout "pass:$PASSWORD" -out {file}.pfx\n'
)
_POLICY = (
    'az network application-gateway ssl-policy set --resource-group "$GROUP" '
    '--gateway-name "$GATEWAY" --policy-type Predefined --name AppGwSslPolicy20220101'
)

ENTRY = Software(
    code="azure",
    side="server",
    services=WEB,
    signs=(
        telling("header", r"^(server: Microsoft-Azure-Application-Gateway/|x-azure-ref:)"),
        telling(
            "alias",
            r"\.(azurefd|azureedge|trafficmanager|azurewebsites|cloudapp\.azure)\.(net|com)$",
        ),
        telling("issuer", r"\bMicrosoft Azure (RSA )?TLS Issuing CA\b"),
    ),
    recipes=(
        Recipe(
            Change.INSTALL,
            _PFX + 'az network application-gateway ssl-cert update --resource-group "$GROUP" '
            '--gateway-name "$GATEWAY" --name "$CERTIFICATE" --cert-file {file}.pfx '
            '--cert-password "$PASSWORD"',
        ),
        Recipe(
            Change.RENEW,
            _PFX + 'az network application-gateway ssl-cert update --resource-group "$GROUP" '
            '--gateway-name "$GATEWAY" --name "$CERTIFICATE" --cert-file {file}.pfx '
            '--cert-password "$PASSWORD"',
        ),
        Recipe(
            Change.CHOOSE,
            'az network application-gateway http-listener list --resource-group "$GROUP" '
            '--gateway-name "$GATEWAY" --query "[].[name,hostName,sslCertificate.id]" '
            "--output table",
        ),
        Recipe(Change.PROTOCOLS, _POLICY),
        Recipe(Change.CIPHERS, _POLICY),
        Recipe(
            Change.START,
            'az network application-gateway show --resource-group "$GROUP" --name "$GATEWAY" '
            "--query operationalState",
            expect="Running",
        ),
    ),
)
