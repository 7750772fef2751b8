"""AWS: certificates live in ACM; load balancers and CloudFront use them from there."""

from bot.diagnosis.remedies.software.entry import WEB, Change, Recipe, Software, telling

_FIND = (
    "ARN=$(aws acm list-certificates{region} --query "
    "\"CertificateSummaryList[?DomainName=='{{host}}'].CertificateArn | [0]\" --output text)\n"
)
_IMPORT = (
    "openssl x509 -in {{file}}.fullchain.pem -out {{file}}.crt\n"
    "sed '1,/END CERTIFICATE/d' {{file}}.fullchain.pem >{{file}}.chain.pem\n"
    'aws acm import-certificate{region} --certificate-arn "$ARN" '
    "--certificate fileb://{{file}}.crt --certificate-chain fileb://{{file}}.chain.pem "
    "--private-key fileb://{{file}}.key"
)
_STATUS = (
    'aws acm describe-certificate{region} --certificate-arn "$ARN" --query '
    "'Certificate.[Type,Status,NotAfter,RenewalSummary.RenewalStatus,InUseBy]'"
)
# CloudFront reads certificates of this region only.
_GLOBAL = " --region us-east-1"


def _in(region: str, *parts: str) -> str:
    return "".join(one.format(region=region) for one in parts)


ALB = Software(
    code="aws-alb",
    side="server",
    services=WEB,
    signs=(
        telling("header", r"^server: awselb/"),
        telling("alias", r"\.elb(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?$"),
    ),
    recipes=(
        Recipe(Change.INSTALL, _in("", _FIND, _IMPORT)),
        Recipe(Change.RENEW, _in("", _FIND, _STATUS)),
        Recipe(
            Change.CHOOSE,
            _in("", _FIND) + 'aws elbv2 add-listener-certificates --listener-arn "$LISTENER" '
            '--certificates CertificateArn="$ARN"',
        ),
        Recipe(
            Change.PROTOCOLS,
            'aws elbv2 modify-listener --listener-arn "$LISTENER" '
            "--ssl-policy ELBSecurityPolicy-TLS13-1-2-2021-06",
        ),
        Recipe(
            Change.CIPHERS,
            'aws elbv2 modify-listener --listener-arn "$LISTENER" '
            "--ssl-policy ELBSecurityPolicy-TLS13-1-2-2021-06",
        ),
        Recipe(
            Change.TLS_ON,
            _in("", _FIND)
            + 'aws elbv2 create-listener --load-balancer-arn "$BALANCER" --protocol HTTPS '
            '--port {port} --certificates CertificateArn="$ARN" '
            "--ssl-policy ELBSecurityPolicy-TLS13-1-2-2021-06 "
            '--default-actions Type=forward,TargetGroupArn="$TARGETS"',
        ),
        Recipe(
            Change.LOG,
            "aws cloudwatch get-metric-statistics --namespace AWS/ApplicationELB "
            "--metric-name ClientTLSNegotiationErrorCount --statistics Sum --period 300 "
            '--dimensions Name=LoadBalancer,Value="$BALANCER_NAME" '
            '--start-time "$(date -u -d -1hour +%FT%TZ)" --end-time "$(date -u +%FT%TZ)"',
        ),
        Recipe(Change.START, 'aws elbv2 describe-listeners --load-balancer-arn "$BALANCER"'),
    ),
)

ACM = Software(
    code="aws-acm",
    side="server",
    services=WEB,
    signs=(telling("issuer", r"\bO=Amazon\b|^Amazon$"),),
    recipes=(
        Recipe(Change.INSTALL, _in("", _FIND, _IMPORT)),
        Recipe(Change.RENEW, _in("", _FIND, _STATUS)),
        Recipe(
            Change.CHOOSE,
            "aws acm request-certificate --domain-name {host} --validation-method DNS",
        ),
    ),
)

CLOUDFRONT = Software(
    code="aws-cloudfront",
    side="server",
    services=WEB,
    signs=(
        telling("header", r"^(server: CloudFront\b|x-amz-cf-(id|pop):)"),
        telling("alias", r"\.cloudfront\.net$"),
    ),
    recipes=(
        Recipe(Change.INSTALL, _in(_GLOBAL, _FIND, _IMPORT)),
        Recipe(Change.RENEW, _in(_GLOBAL, _FIND, _STATUS)),
        Recipe(
            Change.CHOOSE,
            "aws cloudfront list-distributions --query "
            "\"DistributionList.Items[?contains(Aliases.Items || \\`[]\\`, '{host}')]."
            '[Id,DomainName,ViewerCertificate]"',
        ),
        Recipe(
            Change.PROTOCOLS,
            "aws cloudfront list-distributions --query "
            "\"DistributionList.Items[?contains(Aliases.Items || \\`[]\\`, '{host}')]."
            '[Id,ViewerCertificate.MinimumProtocolVersion]"',
        ),
    ),
)
