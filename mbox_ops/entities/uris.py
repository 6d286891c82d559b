"""URIs of artifacts: what both ends check, so that no credential is ever stored or shown."""

from urllib.parse import parse_qsl, urlsplit

from mbox_ops.entities.limits import DEFAULT, Limits, check_text
from mbox_ops.errors import InvalidRequest

# Here what stands before the @ is a container or an account name, not a secret.
_CONTAINER_SCHEMES = frozenset({"abfs", "abfss", "wasb", "wasbs", "ssh", "sftp", "scp", "git+ssh"})

# Query parameters that let whoever has the URI in: of S3, Google and Azure signatures, and of tokens in general.
_SECRET_PARAMETERS = frozenset({
    "x-amz-signature", "x-amz-credential", "x-amz-security-token", "awsaccesskeyid", "x-goog-signature",
    "x-goog-credential", "signature", "sig", "token", "access_token", "auth_token", "api_key", "apikey", "password",
    "secret",
})  # fmt: skip


def check_uri(field: str, uri: object, limits: Limits = DEFAULT) -> str:
    """`uri`, if it is 1 to 2,048 characters of text without credentials.

    Raises:
        InvalidRequest: it is something else; the message does not repeat the secret.
    """
    text = check_text(field, uri, most=limits.uri)
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise InvalidRequest(f"{field} is not a URI ({error}).", field=field) from None
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    if password or (user and parts.scheme.lower() not in _CONTAINER_SCHEMES):
        raise InvalidRequest(
            f"{field} carries credentials before its host, and those are never stored: leave out all up to the '@' of "
            f"{parts.scheme}://...@{parts.netloc.rpartition('@')[2]}.",
            field=field,
        )
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if name.lower() in _SECRET_PARAMETERS:
            raise InvalidRequest(
                f"{field} carries a credential in its query parameter {name!r}; give the URI without it.", field=field
            )
    return text
