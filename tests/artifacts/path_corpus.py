"""Paths that have led programs out of the folder that they were meant to stay in."""

from pathlib import Path


def labels(precious: Path) -> list[str]:
    """Texts that somebody may give as a path; many lead to the file `precious` if they are taken for one."""
    absolute = str(precious)
    below = absolute.lstrip("/")
    up = "../" * 12
    return [
        ".", "..", "../", "../../", "/", "//", "./.", "a/../../b", "a/..", "...", "....//....//a", ". ./a", ".. /a",
        up + below, "a/" + up + below, "./" + up + below, up.replace("/", "\\") + below.replace("/", "\\"),
        absolute, "/" + absolute, f"file://{absolute}", f"file:{absolute}", f"\\\\?\\{absolute}",
        f"/proc/self/root{absolute}",
        "/etc/passwd", up + "etc/passwd", "/dev/zero", "~/.ssh/id_rsa", "~root/.profile", "$HOME/.profile",
        "~nobody-has-this-name/a",
        "C:", "C:a", "C:/Windows/win.ini", "c:\\Windows\\win.ini", "\\Windows\\win.ini", "\\\\server\\share\\a",
        "//server/share/a", "\\\\.\\PhysicalDrive0", "a:stream", "a::$DATA",
        "%2e%2e/%2e%2e/" + below, "%2e%2e%2f%2e%2e%2f" + below.replace("/", "%2f"), "%252e%252e%252fa", "..%2f..%2fa",
        "..%5c..%5ca", "%00", "%2fetc%2fpasswd", "a%00.png", "\uff0e\uff0e/a", "\uff0e\uff0e\uff0fa",
        "\u2024\u2024/a", "\u2025/a", "..\u2215a", "%c0%ae%c0%ae/%c0%ae%c0%ae/" + below, "%e0%80%ae%e0%80%ae/a",
        "\u00c0\u00ae\u00c0\u00ae/a",
        "a\x00b", "a\x00/../../b", "\x00", f"{absolute}\x00.png", "a\nb", "a\r\nSet-Cookie: a=b", "a\x7f", "\x1b[2J",
        "CON", "con.txt", "NUL", "aux.c", "PRN", "COM1", "lpt9.log", "CONIN$", "a/NUL/b", "a.", "a ", " a",
        "-rf", "--output=/tmp/a", "*", "?", "a;rm -rf b", "$(touch a)", "`touch a`", "|touch a", "a\u202etxt.exe",
        "a" * 300,
    ]  # fmt: skip


OVERLONG = [
    b"\xc0\xae\xc0\xae/a",
    b"\xe0\x80\xae\xe0\x80\xae/a",
    b"\xc0\xafetc\xc0\xafpasswd",
    b"\xf0\x80\x80\xae\xf0\x80\x80\xae/a",
]
