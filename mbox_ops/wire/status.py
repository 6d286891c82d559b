"""The one table from an error's code to the status of each protocol."""

HTTP_STATUS: dict[str, int] = {
    "malformed_request": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "fenced": 409,
    "stale": 409,
    "run_deleted": 410,
    "cursor_expired": 410,
    "too_large": 413,
    "unsupported_media_type": 415,
    "out_of_range": 416,
    "invalid_request": 422,
    "internal": 500,
    "unavailable": 503,
    "storage_full": 507,
}

GRPC_STATUS: dict[str, str] = {
    "malformed_request": "INVALID_ARGUMENT",
    "unauthenticated": "UNAUTHENTICATED",
    "forbidden": "PERMISSION_DENIED",
    "not_found": "NOT_FOUND",
    "method_not_allowed": "UNIMPLEMENTED",
    "conflict": "ALREADY_EXISTS",
    "fenced": "ABORTED",
    "stale": "FAILED_PRECONDITION",
    "run_deleted": "FAILED_PRECONDITION",
    "cursor_expired": "OUT_OF_RANGE",
    "too_large": "RESOURCE_EXHAUSTED",
    "unsupported_media_type": "INVALID_ARGUMENT",
    "out_of_range": "OUT_OF_RANGE",
    "invalid_request": "INVALID_ARGUMENT",
    "internal": "INTERNAL",
    "unavailable": "UNAVAILABLE",
    "storage_full": "RESOURCE_EXHAUSTED",
}

# What a sender may try again, unchanged: the request did not happen, or its fate is unknown and a resend is free.
RETRYABLE = frozenset({"unavailable", "storage_full", "internal"})

# What ends a producer: nothing it sends will ever be taken.
FINAL = frozenset({"fenced", "run_deleted"})
