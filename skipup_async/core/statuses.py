"""Which error an HTTP status is."""

from skipup_async.errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    UnprocessableEntityError,
    ValidationError,
)

__all__ = ["status_error_class"]

_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}
_BY_TYPE: dict[tuple[int, str], type[APIStatusError]] = {
    (422, "invalid_request"): InvalidRequestError,
    (422, "validation_error"): ValidationError,
}


def status_error_class(status: int, type: str | None) -> type[APIStatusError]:
    """The class for an HTTP *status* and the service's error *type*: the status decides, the type refines."""
    if type is not None and (status, type) in _BY_TYPE:
        return _BY_TYPE[status, type]
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return ServerError if 500 <= status <= 599 else APIStatusError
