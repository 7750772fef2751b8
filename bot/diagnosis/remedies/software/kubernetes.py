"""Kubernetes: an Ingress with its secret, and cert-manager, which fills the secret."""

from bot.diagnosis.remedies.software.entry import HASH, WEB, Change, Recipe, Software, telling

_CONFIG = "kubectl --namespace ingress-nginx patch configmap ingress-nginx-controller --type merge --patch "

INGRESS = Software(
    code="kubernetes-ingress",
    side="server",
    services=WEB,
    signs=(telling("issuer", r"\bKubernetes Ingress Controller Fake Certificate\b"),),
    recipes=(
        Recipe(
            Change.INSTALL,
            "kubectl create secret tls {name}-tls --cert={file}.fullchain.pem --key={file}.key "
            "--dry-run=client --output=yaml | kubectl apply --filename=-",
        ),
        Recipe(
            Change.CHOOSE,
            "# in the Ingress; the secret has to be in the same namespace:\n"
            "spec:\n"
            "  tls:\n"
            "    - hosts:\n"
            "        - {host}\n"
            "      secretName: {name}-tls",
            "kubectl describe ingress | grep -A 3 TLS; kubectl get secret {name}-tls",
            HASH,
        ),
        Recipe(
            Change.PROTOCOLS,
            _CONFIG + '\'{{"data":{{"ssl-protocols":"TLSv1.2 TLSv1.3"}}}}\'',
        ),
        Recipe(
            Change.CIPHERS,
            _CONFIG + '\'{{"data":{{"ssl-ciphers":"ECDHE+AESGCM:ECDHE+CHACHA20"}}}}\'',
        ),
        Recipe(
            Change.TLS_ON,
            "spec:\n  tls:\n    - hosts:\n        - {host}\n      secretName: {name}-tls",
            "kubectl describe ingress | grep -A 3 TLS",
            HASH,
        ),
        Recipe(
            Change.LOG,
            "kubectl --namespace ingress-nginx logs deployment/ingress-nginx-controller "
            "--since=1h | grep -iE 'ssl|secret'",
        ),
        Recipe(Change.START, "kubectl get ingress,service,endpoints --all-namespaces"),
    ),
)

CERT_MANAGER = Software(
    code="cert-manager",
    side="server",
    services=WEB,
    signs=(telling("issuer", r"\bcert-manager\b|\bcert-manager\.local\b"),),
    recipes=(
        Recipe(
            Change.INSTALL,
            "kubectl describe certificate {name}-tls\n"
            "cmctl renew {name}-tls\n"
            "kubectl get secret {name}-tls --output=jsonpath='{{.data.tls\\.crt}}' | base64 -d | "
            "grep -c 'BEGIN CERTIFICATE'",
        ),
        Recipe(
            Change.RENEW,
            "kubectl get certificate,certificaterequest,order,challenge --all-namespaces\n"
            "kubectl describe certificate {name}-tls\n"
            "cmctl renew {name}-tls",
        ),
        Recipe(
            Change.CHOOSE,
            "apiVersion: cert-manager.io/v1\n"
            "kind: Certificate\n"
            "metadata:\n"
            "  name: {name}-tls\n"
            "spec:\n"
            "  secretName: {name}-tls\n"
            "  dnsNames:\n"
            "    - {host}\n"
            "  issuerRef:\n"
            "    name: YOUR-ISSUER\n"
            "    kind: ClusterIssuer",
            "kubectl describe certificate {name}-tls",
            HASH,
        ),
    ),
)
