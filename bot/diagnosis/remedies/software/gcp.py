"""Google Cloud's load balancers: certificates are resources of their own, replaced by new ones."""

from bot.diagnosis.remedies.software.entry import WEB, Change, Recipe, Software, telling

_POLICY = (
    "gcloud compute ssl-policies create tls-1-2 --profile=MODERN --min-tls-version=1.2\n"
    'gcloud compute target-https-proxies update "$PROXY" --ssl-policy=tls-1-2'
)

ENTRY = Software(
    code="gcp-lb",
    side="server",
    services=WEB,
    signs=(
        telling("header", r"^via: 1\.1 google$"),
        telling("alias", r"\.(ghs\.googlehosted|ghs\.google)\.com$"),
    ),
    recipes=(
        Recipe(
            Change.INSTALL,
            'gcloud compute ssl-certificates create {name}-"$(date +%Y%m%d)" --global '
            "--certificate={file}.fullchain.pem --private-key={file}.key\n"
            'gcloud compute target-https-proxies update "$PROXY" --global '
            '--global-ssl-certificates --ssl-certificates={name}-"$(date +%Y%m%d)"',
        ),
        Recipe(
            Change.RENEW,
            "gcloud compute ssl-certificates list "
            "--format='table(name,type,managed.status,managed.domainStatus,expireTime)'",
        ),
        Recipe(
            Change.CHOOSE,
            "gcloud compute target-https-proxies list --format='table(name,sslCertificates)'\n"
            "gcloud compute ssl-certificates create {name} --global --domains={host}",
        ),
        Recipe(Change.PROTOCOLS, _POLICY),
        Recipe(Change.CIPHERS, _POLICY),
        Recipe(
            Change.LOG,
            "gcloud logging read 'resource.type=http_load_balancer AND "
            'httpRequest.requestUrl:"{host}"\' --limit=20',
        ),
        Recipe(Change.START, "gcloud compute forwarding-rules list"),
    ),
)
