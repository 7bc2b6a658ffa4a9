"""Object stores: s3:// and gs://, by Arrow; the only way in which anything reaches a network.

Credentials, region and endpoint come from the environment, as for other programs.
"""

from __future__ import annotations

import fnmatch
import functools
import glob
import io
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any, BinaryIO, cast

from cecalc.errors import CecalcError, InputError, Place

_CONNECT_SECONDS, _REQUEST_SECONDS, _ATTEMPTS = 5, 20, 2
_REASONS = {
    r"NO_SUCH_BUCKET|NoSuchBucket|bucket does not exist": "no such bucket or object",
    r"ACCESS_DENIED|AccessDenied|HTTP status 403|Forbidden|PERMISSION|INVALID_ACCESS_KEY|SIGNATURE":
        "no permission (check the credentials in the environment)",
    r"curlCode|NETWORK_CONNECTION|onnect|resolve|imed out|UNAVAILABLE":
        "no connection (AWS_ENDPOINT_URL and STORAGE_EMULATOR_HOST name another store)",
    r"NO_SUCH_KEY|Path does not exist|NOT_FOUND|HTTP status 404|FileNotFoundError":
        "no such bucket or object",
}  # fmt: skip


def is_stored(path: str) -> bool:
    """Whether a path is that of an object in a store.

    >>> is_stored("s3://bucket/x.npy"), is_stored("s3/x.npy")
    (True, False)
    """
    return path.startswith(("s3://", "gs://"))


def opened(uri: str, files: ExitStack) -> BinaryIO:
    """An object, to be read and sought in; `files` closes it.

    Raises
    ------
    InputError : it is not there, not permitted, or cannot be reached, or names an account
    """
    _refuse_account(uri)
    with _told(uri):
        filesystem, path = _found(uri)
        stored = files.enter_context(filesystem.open_input_file(path))
    return cast("BinaryIO", _Object(stored, uri))


def expand(pattern: str) -> list[str]:
    """The objects that a pattern such as s3://bucket/predictions/*.parquet matches, in order.

    Without *, ? and [ it is the name of one object, there or not.

    Raises
    ------
    InputError : none matches, the store cannot be reached, or an account is named
    """
    _refuse_account(pattern)
    if not glob.has_magic(pattern):
        return [pattern]
    from pyarrow import fs

    scheme, _, rest = pattern.partition("://")
    fixed = re.split(r"[*?\[]", rest)[0].rpartition("/")[0]
    if not fixed:
        raise InputError("a pattern has to name its bucket", place=Place(source=pattern))
    with _told(pattern):
        filesystem, base = _found(f"{scheme}://{fixed}")
        deep = "/" in rest[len(fixed) + 1 :]
        selector = fs.FileSelector(base, recursive=deep, allow_not_found=True)
        every = filesystem.get_file_info(selector)
    files = [info.path for info in every if info.type is fs.FileType.File]
    matched = sorted(file for file in files if _matches(file, rest))
    if not matched:
        raise InputError("no object matches", place=Place(source=pattern))
    return [f"{scheme}://{file}" for file in matched]


def _refuse_account(uri: str) -> None:
    """Refuse a key and its secret inside a URI, and show neither."""
    scheme, _, rest = uri.partition("://")
    bucket = rest.partition("/")[0]
    is_named = "@" in bucket or (":" in bucket and not bucket.startswith("arn:"))
    if is_named and "@" in rest:
        raise InputError(
            "an account inside it is not read",
            place=Place(source=f"{scheme}://{rest.rpartition('@')[2]}"),
            hint="credentials come from the environment",
        )


def _matches(path: str, pattern: str) -> bool:
    """Whether a path matches part by part: * does not reach over a slash."""
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def _found(uri: str) -> tuple[Any, str]:
    """The store of a URI, and the path in it."""
    scheme, _, path = uri.partition("://")
    bucket = path.partition("/")[0]
    if not bucket:
        raise InputError("names no bucket", place=Place(source=uri))
    return _store(scheme), path


@functools.cache
def _store(scheme: str) -> Any:
    from pyarrow import fs

    if scheme == "gs":
        anonymous = bool(os.environ.get("STORAGE_EMULATOR_HOST"))
        return fs.GcsFileSystem(
            anonymous=anonymous, retry_time_limit=timedelta(seconds=_REQUEST_SECONDS)
        )
    environment = os.environ
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    return fs.S3FileSystem(
        region=region,
        endpoint_override=endpoint,
        connect_timeout=_CONNECT_SECONDS,
        request_timeout=_REQUEST_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
    )


class _Object(io.RawIOBase):
    """An object in a store as a file; what goes wrong is told in our words."""

    def __init__(self, stored: Any, uri: str) -> None:
        self._stored, self._uri = stored, uri

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        with _told(self._uri):
            return int(self._stored.seek(offset, whence))

    def readinto(self, buffer: Any, /) -> int:
        with _told(self._uri):
            return int(self._stored.readinto(buffer))


@contextmanager
def _told(uri: str) -> Iterator[None]:
    """What a store has against it, in our words."""
    try:
        yield
    except CecalcError:
        raise
    except (OSError, ValueError, KeyError, NotImplementedError) as error:  # all that Arrow raises
        said = f"{error} {type(error).__name__}"
        rules = (rule for found, rule in _REASONS.items() if re.search(found, said))
        raise InputError(next(rules, "cannot be read"), place=Place(source=uri)) from None
