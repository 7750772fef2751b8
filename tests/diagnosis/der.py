"""DER by hand, for certificates that no library would make."""


def der(tag: int, content: bytes) -> bytes:
    """One element (X.690, 8.1)."""
    length = len(content)
    if length < 128:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def tagged(tag: int, oid: str) -> bytes:
    """An object identifier (X.690, 8.19)."""
    first, second, *rest = (int(one) for one in oid.split("."))
    content = bytearray((40 * first + second,))
    for number in rest:
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(0x80 | (number & 0x7F))
        content += bytes(reversed(septets))
    return der(tag, bytes(content))
