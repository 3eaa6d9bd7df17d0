"""A prefix of an S3 bucket as a store, at Amazon or at any endpoint that speaks its language.

Credentials and region come from where Amazon's own tools take them: AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_PROFILE and its files, the machine's role.
AWS_ANONYMOUS=1 asks without any. The endpoint is --endpoint, or AWS_ENDPOINT_URL_S3, or
AWS_ENDPOINT_URL, or else Amazon's.
"""

from __future__ import annotations

import errno
import io
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pyarrow as pa
import tenacity
from pyarrow import fs

from loader.errors import FileError, FileUnreachable, LandingError
from loader.finding.store import Entry, Stamp, Store

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Bytes asked for at a time; two such pieces are held of a file, one of them on its way.
PIECE = 8 * 1024**2

# Tries of one request by Amazon's library, and how often that is repeated for lists and pieces, for
# it does not know every answer that may pass. A file's whole load is tried again on top of that.
ATTEMPTS = 3
REPEATS = 3

CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 20.0

# Amazon's library, as Arrow passes its errors on: a code, sometimes a status, and words.
_ERROR = re.compile(
    r"AWS Error (?P<code>[A-Z_0-9]+)(?: \(HTTP status (?P<status>-?\d+)\))?"
    r" during \w+ operation:\s*(?P<words>.*?)(?: \(Request ID.*)?$",
    re.DOTALL,
)

# Codes of what may pass. So may every answer with the status 429, or from 500 on.
_PASSING = frozenset(
    {
        "INTERNAL_FAILURE",
        "NETWORK_CONNECTION",
        "REQUEST_TIMEOUT",
        "SERVICE_UNAVAILABLE",
        "SLOW_DOWN",
        "THROTTLING",
    }
)
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = 500

# Codes, or words where the library knows no code, and what helps. The first that fits.
_HELP = (
    ("NO_SUCH_BUCKET", "check the bucket's name in --from, and --endpoint"),
    (r"AuthorizationHeaderMalformed|status 301", "set AWS_REGION to the bucket's region"),
    (r"REQUEST_TIME_TOO_SKEWED", "set this machine's clock"),
    (
        r"DENIED|ACCESS_KEY|SIGNATURE|TOKEN|Token|CREDENTIALS|UNRECOGNIZED_CLIENT",
        "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; AWS_ANONYMOUS=1 asks without them",
    ),
    # So it answers a token that has expired, and another region's request, where it cannot say so.
    (r"status 400", "check AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN and AWS_REGION"),
)


def _may_pass(error: BaseException) -> bool:
    found = _ERROR.search(str(error)) if isinstance(error, OSError) else None
    if found is None:
        return False
    status = int(found["status"] or 0)
    return found["code"] in _PASSING or status == _TOO_MANY_REQUESTS or status >= _SERVER_ERRORS


_patient = tenacity.retry(
    retry=tenacity.retry_if_exception(_may_pass),
    stop=lambda state: state.attempt_number >= REPEATS,
    wait=tenacity.wait_random_exponential(multiplier=0.5, max=5.0),
    reraise=True,
)


class S3Store(Store):
    """A bucket, or what lies under a prefix of one.

    Args:
        address: s3://BUCKET/PREFIX.
        endpoint: URL of the server, where neither the environment says it nor it is Amazon's.

    Raises:
        LandingError: the address or the endpoint is none, or the bucket's region is not found out.
    """

    readers = 16

    def __init__(self, address: str, endpoint: str | None) -> None:
        self._folder = address.removeprefix("s3://").rstrip("/")
        if not _is_path(self._folder):
            raise LandingError(f"{address}: must be s3://BUCKET or s3://BUCKET/PREFIX")
        bucket = self._folder.partition("/")[0]
        variables = (endpoint, os.environ.get("AWS_ENDPOINT_URL_S3"))
        url = next((v for v in (*variables, os.environ.get("AWS_ENDPOINT_URL")) if v), None)
        parts = urlsplit(url or "https://")
        if parts.scheme not in {"http", "https"} or (url and not parts.netloc) or parts.path > "/":
            raise LandingError(f"endpoint {url}: must be a URL such as http://127.0.0.1:9000")
        try:
            self._fs = fs.S3FileSystem(
                anonymous=os.environ.get("AWS_ANONYMOUS", "").lower() in {"1", "true"},
                region=_region(bucket, url),
                scheme=parts.scheme,
                endpoint_override=parts.netloc or None,
                connect_timeout=CONNECT_SECONDS,
                request_timeout=ANSWER_SECONDS,
                retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
            )
        except OSError as error:
            raise LandingError(f"{address}: {_explained(error)}") from None

    def __str__(self) -> str:
        return f"s3://{self._folder}"

    @property
    def parent(self) -> str:
        """The prefix around this one."""
        return f"s3://{self._folder.rpartition('/')[0] or self._folder}"

    def place(self, name: str) -> str:
        """Give an object's address."""
        return f"{self}/{name}"

    def uri(self, name: str) -> str:
        """Give an object's address."""
        return self.place(name)

    def entries(self, *, deep: bool) -> dict[str, Entry]:
        """List the objects, a thousand with each request."""
        try:
            found = self._list(fs.FileSelector(self._folder, recursive=deep))
        except FileNotFoundError:
            raise LandingError(f"nothing lies under {self}: check --from") from None
        except OSError as error:
            raise LandingError(f"cannot list {self}: {_explained(error)}") from None
        start = len(self._folder) + 1
        return {info.path[start:]: _entry(info.path, info) for info in found if info.path[start:]}

    @_patient
    def _list(self, selector: fs.FileSelector) -> list[fs.FileInfo]:
        return list(self._fs.get_file_info(selector))

    def open(self, name: str, check: Callable[[], None]) -> io.RawIOBase:
        """Open an object, fetched piece by piece ahead of its reader."""
        return _Ahead(self.open_seekable(name), check)

    def open_seekable(self, name: str) -> pa.NativeFile:
        """Open an object; each reading is a request."""
        return self._fs.open_input_file(f"{self._folder}/{name}")

    def stamp(self, name: str) -> Stamp:
        """Ask for an object's size and time of change, in seconds: more is not told of one."""
        info = self._fs.get_file_info(f"{self._folder}/{name}")
        if info.type != fs.FileType.File:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return _stamp(info)

    def fault(self, name: str, error: Exception) -> FileError | None:
        """Tell what may pass from what will not."""
        if isinstance(error, FileNotFoundError):
            return FileError(f"{self.place(name)}: cannot be read: it is not there any more")
        if not isinstance(error, OSError) or not _ERROR.search(str(error)):
            return None
        kind = FileUnreachable if _may_pass(error) else FileError
        return kind(f"{self.place(name)}: cannot be read: {_explained(error)}")


def _region(bucket: str, endpoint: str | None) -> str:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region:
        return region
    # Only Amazon's regions are told apart; other servers take its oldest for granted.
    return "us-east-1" if endpoint else str(fs.resolve_s3_region(bucket))


def _is_path(text: str) -> bool:
    return not {"", ".", ".."} & set(text.split("/"))


def _entry(path: str, info: fs.FileInfo) -> Entry:
    if info.type != fs.FileType.File:
        return Entry(folder=True)
    if not _is_path(path):
        return Entry(
            _stamp(info), fault="its key has '..', '.' or nothing between slashes: rename it"
        )
    return Entry(_stamp(info))


def _stamp(info: fs.FileInfo) -> Stamp:
    return Stamp(info.size, (info.mtime_ns or 0) // 10**9)


def _explained(error: OSError) -> str:
    text = " ".join(str(error).split())
    found = _ERROR.search(text)
    if found is None:
        return text
    code = found["code"] if found["code"] != "UNKNOWN" else f"status {found['status']}"
    words = found["words"].rpartition("Details: ")[2].rstrip(".")
    said = f"{code}: {words}" if words else code
    if _may_pass(error):
        return f"the endpoint does not answer ({said}): check --endpoint, and run again"
    help_ = next((what for words, what in _HELP if re.search(words, f"{code} {said}")), None)
    return f"{said}: {help_}" if help_ else said


class _Ahead(io.RawIOBase):
    """An object's bytes; while a piece is read, a thread fetches the next one."""

    def __init__(self, file: pa.NativeFile, check: Callable[[], None]) -> None:
        self._file, self._check = file, check
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="s3")
        self._next = self._threads.submit(self._fetch)
        self._piece = memoryview(b"")

    @_patient
    def _fetch(self) -> memoryview:
        # An attempt that fails leaves the file where it was.
        piece = memoryview(self._file.read_buffer(PIECE)).cast("B")
        if piece:
            # Arrow asks for a range, and believes to have got all of it: where the object has been
            # replaced by a shorter one, the rest of the piece is whatever was in that memory.
            self._check()
        return piece

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        if not self._piece:
            self._piece = self._next.result()
            if not self._piece:
                return 0
            self._next = self._threads.submit(self._fetch)
        target = memoryview(buffer)
        n = min(len(target), len(self._piece))
        target[:n] = self._piece[:n]
        self._piece = self._piece[n:]
        return n

    def close(self) -> None:
        if not self.closed:
            self._threads.shutdown(cancel_futures=True)
            self._file.close()
        super().close()
