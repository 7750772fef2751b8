"""Lists as people have them: text, tables, other encodings, and files that are none."""

import pytest

from bot.listing import ListTooLongError, NoListError, read_bytes, read_lines, rows


def hosts(text: str) -> list[str]:
    """The targets of a text, as host:port."""
    found = read_lines(rows(text.splitlines()))
    assert found.bad == ()
    return [
        f"{one.host}:{one.port}" + (f"/{one.starttls}" if one.starttls else "")
        for one in found.targets
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.example\n\n# mine\nb.example:8443\n", ["a.example:443", "b.example:8443"]),
        ("https://a.example/path\nsmtp://m.example\n", ["a.example:443", "m.example:25/smtp"]),
        ("host,team\na.example,x\nb.example,y\n", ["a.example:443", "b.example:443"]),
        ("team;URL\nx;https://a.example/\n", ["a.example:443"]),
        ("a.example\tx\nb.example\ty\n", ["a.example:443", "b.example:443"]),
        (
            'host,port,starttls,verdict,cause\nm.example,587,smtp,ok,\n2001:db8::1,443,,ok,"a,b"\n',
            ["m.example:587/smtp", "2001:db8::1:443"],
        ),
        ("ホスト名,備考\n日本語.example,本番\n", ["xn--wgv71a119e.example:443"]),
        ("a.example,\nb.example\n", ["a.example:443", "b.example:443"]),
        ("Host\na.example\n", ["a.example:443"]),
    ],
)
def test_lists_and_tables(text: str, found: list[str]) -> None:
    """A list as it is; of a table the column of hosts."""
    assert hosts(text) == found


def test_repeated_and_bad_lines_are_told() -> None:
    """Each target once; a bad line has its number in the file."""
    found = read_lines(
        rows(["# list", "a.example", "A.example:443", "not a host at all", "b.example"])
    )
    assert [one.host for one in found.targets] == ["a.example", "b.example"]
    assert found.repeated == 1
    assert [(one.number, one.text) for one in found.bad] == [(4, "not a host at all")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932", "utf-32"])
def test_encodings(encoding: str) -> None:
    """What Windows and Excel write is read, too."""
    text = "ホスト,備考\r\na.example,本番\r\n"
    assert rows(read_bytes(text.encode(encoding))) == ["", "a.example"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"PK\x03\x04" + b"\0" * 50, "workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 50, "workbook"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        (bytes(range(256)) * 4, "binary"),
        (b"\xff\xfea\0\n", "binary"),
    ],
)
def test_what_is_no_text(data: bytes, code: str) -> None:
    """A workbook is told from other files, since its owner can save it in another form."""
    with pytest.raises(NoListError, match=code):
        read_bytes(data)


def test_too_long_a_list() -> None:
    """Also when it is no list at all, it is not read to its end."""
    with pytest.raises(ListTooLongError, match="more than 3"):
        read_lines([f"h{n}.example" for n in range(4)], limit=3)
    with pytest.raises(ListTooLongError, match="more than 3"):
        read_lines(["no host"] * 5, limit=3)
