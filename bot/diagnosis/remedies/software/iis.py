"""Microsoft IIS: the chain comes from the machine's store, TLS from Schannel. PowerShell."""

from bot.diagnosis.remedies.software.entry import HASH, WEB, Change, Recipe, Software, telling

_PFX = (
    "openssl pkcs12 -export -in {file}.fullchain.pem -inkey {file}.key -out {file}.pfx\n"
    "certutil -importPFX {file}.pfx\n"
)
_BIND = (
    "$cert = Get-ChildItem Cert:\\LocalMachine\\My | Where-Object {{ $_.DnsNameList.Unicode -contains '{host}' }} | "
    "Sort-Object NotAfter | Select-Object -Last 1\n"
    "(Get-WebBinding -Protocol https -Port {port} -HostHeader '{host}')."
    "AddSslCertificate($cert.Thumbprint, 'My')"
)

ENTRY = Software(
    code="iis",
    side="server",
    services=WEB,
    signs=(telling("server", r"^Microsoft-(IIS|HTTPAPI)/"),),
    recipes=(
        Recipe(Change.INSTALL, _PFX + _BIND, "iisreset", HASH),
        Recipe(Change.RENEW, _PFX + _BIND, None, HASH),
        Recipe(
            Change.CHOOSE,
            "New-WebBinding -Name 'Default Web Site' -Protocol https -Port {port} "
            "-HostHeader '{host}' -SslFlags 1\n" + _BIND,
            None,
            HASH,
        ),
        Recipe(
            Change.PROTOCOLS,
            "$key = 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL"
            "\\Protocols\\TLS 1.2\\Server'\n"
            "New-Item $key -Force | Out-Null\n"
            "Set-ItemProperty $key -Name Enabled -Value 1 -Type DWord\n"
            "Set-ItemProperty $key -Name DisabledByDefault -Value 0 -Type DWord",
            "Restart-Computer",
            HASH,
        ),
        Recipe(
            Change.CIPHERS,
            "Enable-TlsCipherSuite -Name TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 -Position 0\n"
            "Enable-TlsCipherSuite -Name TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 -Position 0",
            "Restart-Computer",
            HASH,
        ),
        Recipe(
            Change.TLS_ON,
            "New-WebBinding -Name 'Default Web Site' -Protocol https -Port {port} "
            "-HostHeader '{host}' -SslFlags 1\n" + _BIND,
            None,
            HASH,
        ),
        Recipe(
            Change.LOG,
            "Get-WinEvent -FilterHashtable @{{LogName='System'; ProviderName='Schannel'}} "
            "-MaxEvents 20",
            None,
            HASH,
        ),
        Recipe(Change.START, "Start-Service W3SVC\nGet-Website", None, HASH),
    ),
)
