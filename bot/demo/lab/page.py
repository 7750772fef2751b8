"""The few words of HTTP that the lab's servers speak."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """One small answer."""

    status: str
    text: str
    server: str = "lab"


WELCOME = Page("200 OK", "<h1>It works</h1>")
BAD_REQUEST = Page("400 Bad Request", "<h1>400 Bad Request</h1>")
# nginx 1.24, src/http/ngx_http_special_response.c: status 496 goes out as 400 with this page.
NO_CERTIFICATE = Page(
    "400 Bad Request",
    "<html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n"
    "<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n"
    "<center>No required SSL certificate was sent</center>\r\n"
    "<hr><center>nginx/1.24.0</center>\r\n</body>\r\n</html>\r\n",
    server="nginx/1.24.0",
)


def response(request: bytes, page: Page) -> bytes:
    """The bytes that answer `request` (its body left out for HEAD) and end the connection."""
    body = page.text.encode()
    head = (
        f"HTTP/1.1 {page.status}\r\nServer: {page.server}\r\nContent-Type: text/html\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if request.startswith(b"HEAD ") else body)
