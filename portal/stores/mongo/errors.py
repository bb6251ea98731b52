"""MongoDB's error codes to StoreError. Source: `src/mongo/base/error_codes.yml` of the server."""

import bson.errors
import pymongo.errors

from portal.stores.types import ErrorCode, StoreError

UNREACHABLE: tuple[ErrorCode, str, bool] = ("unreachable", "The store cannot be reached.", True)
TIMEOUT: tuple[ErrorCode, str, bool] = ("timeout", "The statement ran longer than it may.", False)
CONFLICT: tuple[ErrorCode, str, bool] = ("conflict", "Another transaction won; try again.", True)
CANCELLED: tuple[ErrorCode, str, bool] = ("cancelled", "The statement was cancelled.", False)
INVALID: tuple[ErrorCode, str, bool] = ("syntax", "The pipeline is not valid for these documents.", False)
CODES: dict[int, tuple[ErrorCode, str, bool]] = {
    2: ("invalid_value", "A value does not fit what the pipeline does with it.", False),
    9: ("syntax", "The pipeline has a syntax error.", False),
    13: ("forbidden", "The account has no right to this.", False),
    18: ("sign_in", "The store refused the account.", False),
    26: ("unknown_object", "The collection does not exist.", False),
    43: ("unreachable", "The store lost the cursor of this result; try again.", True),
    50: TIMEOUT,
    73: ("syntax", "The name of the collection is not valid.", False),
    112: CONFLICT,
    121: ("constraint", "A document does not pass the collection's validation.", False),
    146: ("busy", "The statement needs more memory than the store gives it.", False),
    237: CANCELLED,
    251: CONFLICT,
    262: TIMEOUT,
    292: ("busy", "The statement needs more memory than the store gives it.", False),
    388: ("unsupported", "More documents than one transaction of the store holds; write fewer at a time.", False),
    11000: ("constraint", "A document with this key exists already.", False),
    11601: CANCELLED,
    40324: ("syntax", "The pipeline has a stage that the store does not know.", False),
    31325: ("unknown_object", "A function of the pipeline does not exist.", False),
    168: ("unknown_object", "A function of the pipeline does not exist.", False),
}
# A member that is shutting down, starting, or no longer the one that takes writes.
ELSEWHERE = frozenset({6, 7, 89, 91, 189, 9001, 10107, 11600, 11602, 13435, 13436})
DRIVER: tuple[tuple[type[Exception], tuple[ErrorCode, str, bool]], ...] = (
    (pymongo.errors.WaitQueueTimeoutError, ("busy", "All connections to the store are in use.", True)),
    (pymongo.errors.NetworkTimeout, TIMEOUT),
    (pymongo.errors.ConnectionFailure, UNREACHABLE),
    (pymongo.errors.ConfigurationError, ("not_configured", "The address of the store is not valid.", False)),
    (pymongo.errors.DocumentTooLarge, ("unsupported", "A document is larger than the store takes.", False)),
    (pymongo.errors.CursorNotFound, CODES[43]),
    (bson.errors.BSONError, ("invalid_value", "A value cannot be kept as a document.", False)),
)
DRIVER_ERRORS = (pymongo.errors.PyMongoError, bson.errors.BSONError, OverflowError, UnicodeError)


def from_mongo(store: str, error: Exception) -> StoreError:
    code, public, retryable = _meaning(error)
    return StoreError(str(error), store=store, public=public, retryable=retryable, code=code)


def _meaning(error: Exception) -> tuple[ErrorCode, str, bool]:
    if isinstance(error, pymongo.errors.PyMongoError) and error.has_error_label("TransientTransactionError"):
        return CONFLICT
    if isinstance(error, pymongo.errors.BulkWriteError):
        return _of_bulk(error)
    for kind, meaning in DRIVER:
        if isinstance(error, kind):
            return meaning
    if isinstance(error, pymongo.errors.OperationFailure):
        return _of_code(error.code or 0)
    return ("internal", "The driver of the store failed.", False)


def _of_bulk(error: pymongo.errors.BulkWriteError) -> tuple[ErrorCode, str, bool]:
    failures = (error.details or {}).get("writeErrors") or [{}]
    return _of_code(int(failures[0].get("code", 0)))


def _of_code(code: int) -> tuple[ErrorCode, str, bool]:
    if code in ELSEWHERE:
        return UNREACHABLE
    return CODES.get(code, INVALID)


def cancelled(store: str) -> StoreError:
    code, public, retryable = CANCELLED
    return StoreError("cancelled", store=store, public=public, retryable=retryable, code=code)


def out_of_time(store: str) -> StoreError:
    code, public, retryable = TIMEOUT
    return StoreError("time is up", store=store, public=public, retryable=retryable, code=code)


def unsupported(store: str, public: str) -> StoreError:
    return StoreError(public, store=store, public=public, retryable=False, code="unsupported")
