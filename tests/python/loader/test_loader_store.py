"""Sources in an object store: everything as from a folder, and what only its network can do."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from object_store import (
    BUCKET,
    ObjectStore,
    before,
    cut_in_the_middle,
    object_store,
    refused,
)

from loader.errors import FileError, FileUnreachable, LandingError
from loader.finding import s3
from loader.finding.addresses import open_store
from loader.finding.discovery import LandedFile, discover
from loader.reading.streams import FileStream
from loader.sources import load_sources

SACKS = "id,grain,weight\n1,rye,10\n2,oats,20\n"

# Longer than an error's text: Arrow has no room for one that is longer than what it asked for.
MANY_SACKS = b"id,grain,weight\n" + b"".join(b"%d,%x,1\n" % (n, n**9) for n in range(200))
COWS = "cow_id,name\n1,Erna\n2,Berta\n"


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with object_store() as store:
        yield store


@pytest.fixture
def store(server: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """The server, asked by a loader that finds credentials in its environment, and nothing else."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_ANONYMOUS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    server.front.rules.clear()
    server.front.requests.clear()
    yield server
    server.front.rules.clear()


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    """One that no other test uses."""
    return f"{tmp_path.parent.name}/{tmp_path.name}"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """One try a request: what a fault comes to need not be waited for."""
    monkeypatch.setattr(s3, "ATTEMPTS", 1)
    monkeypatch.setattr(s3, "REPEATS", 1)


@pytest.fixture
def find(store: ObjectStore, sources_file: Path) -> Callable[..., list[LandedFile]]:
    """Finds what a source has under an address, without problems."""

    def look(address: str, source: str = "mill") -> list[LandedFile]:
        landing = discover(
            source, load_sources(sources_file).files(source), open_store(address, store.endpoint)
        )
        assert landing.problems == []
        return landing.files

    return look


def test_batches_load_once(
    store: ObjectStore, prefix: str, landing, deliver, *, cli, query
) -> None:
    deliver("2025-01-01", {"cows": [COWS, "cow_id,name\n3,Frieda\n"]}, truth={"totals": "day\n1\n"})
    deliver("2025-01-02", {"cows": ["cow_id,name\n4,Gerda\n"]})
    (landing / "2025-01-03").mkdir()
    (landing / "2025-01-03" / "part.csv").write_text(COWS)
    address = store.upload(landing, prefix)
    arguments = ("farm", "--from", address, "--endpoint", store.endpoint)
    first = cli(*arguments)
    assert first.exit_code == 0, first.output
    assert "not finished, not read: batch 2025-01-03" in first.output
    assert query("select name from raw.farm_cows order by 1") == [
        ("Berta",), ("Erna",), ("Frieda",), ("Gerda",),
    ]  # fmt: skip
    assert query("select uri from raw._loads where file = '2025-01-02/cows/part-00000.csv'") == [
        (f"{address}/2025-01-02/cows/part-00000.csv",)
    ]
    store.front.requests.clear()
    second = cli(*arguments)
    assert second.exit_code == 0, second.output
    assert "nothing new: 4 files were loaded before" in second.output
    assert store.reads(f"{prefix}/2025-01-01/manifest.json") == 1
    assert store.reads(f"{prefix}/2025-01-01/cows/part-00000.csv") == 0


def test_a_batch_made_again_is_refused(
    store: ObjectStore, prefix: str, landing, deliver, *, cli, query
) -> None:
    deliver("2025-01-01", {"cows": [COWS]})
    arguments = ("farm", "--from", store.upload(landing, prefix), "--endpoint", store.endpoint)
    assert cli(*arguments).exit_code == 0
    deliver("2025-01-01", {"cows": [COWS.replace("Erna", "Emma")]})
    store.upload(landing, prefix)
    again = cli(*arguments)
    assert again.exit_code == 1
    assert f"s3://{BUCKET}/{prefix}/2025-01-01/manifest.json: batch 2025-01-01" in again.output
    assert query("select count(*) from raw.farm_cows where name = 'Emma'") == [(0,)]


def test_files_of_every_kind_load_once(store: ObjectStore, prefix: str, cli, query) -> None:
    store.put(f"{prefix}/sacks-1.csv", SACKS.encode())
    store.put(f"{prefix}/sacks-2.csv.gz", gzip.compress(SACKS.encode()) + gzip.compress(b"3,,\n"))
    store.put(f"{prefix}/sacks-3.csv.zst", pa.compress(SACKS.encode(), "zstd", asbytes=True))
    store.put(f"{prefix}/orders ü+%20.json", b'{"id": 1, "total": 12.50}\n')
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": range(40_000), "amount": ["x"] * 40_000}), sink)
    store.put(f"{prefix}/stock.parquet", sink.getvalue().to_pybytes())
    store.put(f"{prefix}/below/sacks-4.csv", SACKS.encode())
    store.put(f"{prefix}-other/sacks-5.csv", SACKS.encode())
    arguments = ("mill", "--from", f"s3://{BUCKET}/{prefix}/", "--endpoint", store.endpoint)
    result = cli(*arguments)
    assert result.exit_code == 0, result.output
    assert query("select file, rows from raw._loads order by 1") == [
        ("orders ü+%20.json", 1),
        ("sacks-1.csv", 2),
        ("sacks-2.csv.gz", 3),
        ("sacks-3.csv.zst", 2),
        ("stock.parquet", 40_000),
    ]
    assert query("select total from raw.mill_orders") == [("12.50",)]
    assert "5 files were loaded before" in cli(*arguments).output
    store.put(f"{prefix}/sacks-1.csv", SACKS.replace("rye", "oat").encode())
    changed = cli(*arguments)
    assert changed.exit_code == 1
    assert "sacks-1.csv: was loaded before with other content" in changed.output


def test_the_endpoint_may_stand_in_the_environment(
    store: ObjectStore, prefix: str, cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_ENDPOINT_URL", store.endpoint)
    monkeypatch.setenv("AWS_ANONYMOUS", "1")
    store.put(f"{prefix}/sacks.csv", SACKS.encode(), ACL="public-read")
    result = cli("mill", "--from", f"s3://{BUCKET}/{prefix}")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("fault", [refused(503, "SlowDown"), refused(502, "x"), cut_in_the_middle])
def test_a_request_that_fails_once_is_made_again(
    store: ObjectStore, prefix: str, find, fault
) -> None:
    store.put(f"{prefix}/sacks.csv", MANY_SACKS)
    (file,) = find(f"s3://{BUCKET}/{prefix}")
    store.meets(fault, key="sacks.csv")
    with FileStream(file) as stream:
        assert stream.read() == MANY_SACKS
        stream.verify()
    assert store.reads(f"{prefix}/sacks.csv") == 2


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (refused(503, "SlowDown"), FileUnreachable, "the endpoint does not answer ("),
        (refused(502, "BadGateway"), FileUnreachable, "the endpoint does not answer ("),
        (refused(429, "TooManyRequests"), FileUnreachable, "the endpoint does not answer ("),
        (cut_in_the_middle, FileUnreachable, "the endpoint does not answer ("),
        (refused(403, "AccessDenied"), FileError, ": check AWS_ACCESS_KEY_ID"),
        (refused(400, "ExpiredToken"), FileError, "check AWS_ACCESS_KEY_ID"),
        (refused(301, "PermanentRedirect"), FileError, "set AWS_REGION"),
        (refused(418, "Teapot"), FileError, "cannot be read: status 418"),
    ],
)
def test_a_fault_names_the_object_and_what_helps(
    store: ObjectStore, prefix: str, find, *, fault, kind: type[FileError], message: str
) -> None:
    store.put(f"{prefix}/sacks.csv.zst", pa.compress(MANY_SACKS, "zstd", asbytes=True))
    (file,) = find(f"s3://{BUCKET}/{prefix}")
    store.meets(fault, key="sacks.csv.zst", times=9)
    with pytest.raises(FileError) as caught, FileStream(file) as stream:
        stream.read()
    assert type(caught.value) is kind
    assert caught.value.message.startswith(f"s3://{BUCKET}/{prefix}/sacks.csv.zst: cannot be read")
    assert message in caught.value.message


@pytest.mark.usefixtures("impatient")
def test_parquet_tells_a_lost_store_from_broken_content(
    store: ObjectStore, prefix: str, cli
) -> None:
    store.put(f"{prefix}/stock-1.parquet", b"PAR1" + bytes(1000))
    result = cli("mill", "--from", f"s3://{BUCKET}/{prefix}", "--endpoint", store.endpoint)
    assert "stock-1.parquet: is not sound Parquet" in result.output
    store.meets(refused(403, "AccessDenied"), key="stock-1.parquet", times=9)
    result = cli("mill", "--from", f"s3://{BUCKET}/{prefix}", "--endpoint", store.endpoint)
    assert "stock-1.parquet: cannot be read: ACCESS_DENIED" in result.output


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, "NoSuchBucket", "check the bucket's name in --from"),
        (403, "InvalidAccessKeyId", "check AWS_ACCESS_KEY_ID"),
        (400, "AuthorizationHeaderMalformed", "set AWS_REGION"),
        (403, "RequestTimeTooSkewed", "set this machine's clock"),
        (500, "InternalError", "the endpoint does not answer (INTERNAL_FAILURE: no)"),
    ],
)
def test_a_list_that_is_refused(
    store: ObjectStore, find, status: int, code: str, message: str
) -> None:
    store.meets(refused(status, code), times=9)
    with pytest.raises(LandingError) as caught:
        find(f"s3://{BUCKET}/x")
    assert caught.value.message.startswith(f"cannot list s3://{BUCKET}/x: ")
    assert message in caught.value.message


@pytest.mark.usefixtures("impatient")
def test_nobody_at_the_endpoint(cli, store: ObjectStore, query) -> None:
    result = cli("mill", "--from", f"s3://{BUCKET}/x", "--endpoint", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "the endpoint does not answer" in str(result.exception) + result.output
    with pytest.raises(LandingError, match=f"nothing lies under s3://{BUCKET}/x: check --from"):
        open_store(f"s3://{BUCKET}/x", store.endpoint).entries(deep=True)


@pytest.mark.parametrize("now", [SACKS * 2, SACKS[:20]])
def test_an_object_replaced_while_it_is_read_is_noticed(
    store: ObjectStore, prefix: str, find, now: str
) -> None:
    key = f"{prefix}/sacks.csv"
    store.put(key, SACKS.encode())
    (file,) = find(f"s3://{BUCKET}/{prefix}")
    store.meets(before(lambda: store.put(key, now.encode())), key="sacks.csv")
    with (
        FileStream(file) as stream,
        pytest.raises(FileError, match=r"sacks\.csv: was changed while the run went on"),
    ):
        stream.read(1)


def test_an_object_that_is_gone_is_noticed(store: ObjectStore, prefix: str, find) -> None:
    key = f"{prefix}/sacks.csv"
    store.put(key, SACKS.encode())
    (file,) = find(f"s3://{BUCKET}/{prefix}")
    store.client.delete_object(Bucket=BUCKET, Key=key)
    with pytest.raises(FileError, match="it is not there any more"):
        FileStream(file)


def test_an_object_is_put_together_of_its_pieces(
    store: ObjectStore, prefix: str, find, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "PIECE", 1000)
    content = b"".join(b"%d,rye,%d\n" % (number, number * 7) for number in range(5000))
    store.put(f"{prefix}/sacks.csv", content)
    (file,) = find(f"s3://{BUCKET}/{prefix}")
    with FileStream(file) as stream:
        assert stream.read(1500) + stream.read() == content
        assert stream.disk_bytes == len(content)
    with FileStream(file) as stream:
        stream.read(10)  # closed in the middle


def test_keys_that_are_no_paths_are_problems(
    store: ObjectStore, prefix: str, sources_file: Path, landing
) -> None:
    text = SOURCES_IN_FOLDERS
    path = landing / "sources.yml"
    path.write_text(text)
    for key in ("../a.csv", "x//b.csv", "x/./c.csv", "x/d\x01.csv", "x/e.csv"):
        store.put(f"{prefix}/{key}", SACKS.encode())
    found = discover(
        "mill",
        load_sources(path).files("mill"),
        open_store(f"s3://{BUCKET}/{prefix}", store.endpoint),
    )
    assert [file.name for file in found.files] == ["x/e.csv"]
    messages = sorted(problem.message for problem in found.problems)
    assert len(messages) == 4
    assert sum("its key has '..', '.' or nothing between slashes" in m for m in messages) == 3
    assert "its name is not UTF-8 or holds control characters" in messages[0]


SOURCES_IN_FOLDERS = json.dumps(
    {
        "mill": {
            "layout": "files",
            "tables": {
                "sacks": {"format": "csv", "patterns": ["**/*.csv"], "columns": ["id", "grain"]}
            },
        }
    }
)


@pytest.mark.parametrize(
    ("address", "endpoint", "message"),
    [
        ("s3://", None, "must be s3://BUCKET or s3://BUCKET/PREFIX"),
        ("s3://bucket//x", None, "must be s3://BUCKET or s3://BUCKET/PREFIX"),
        ("s3://bucket/../x", None, "must be s3://BUCKET or s3://BUCKET/PREFIX"),
        ("gs://bucket", None, "--from takes a folder or s3://BUCKET/PREFIX"),
        ("/folder", "http://127.0.0.1:9", "a folder has no endpoint"),
        ("s3://bucket", "127.0.0.1:9", "must be a URL such as"),
        ("s3://bucket", "ftp://127.0.0.1", "must be a URL such as"),
        ("s3://bucket", "http://127.0.0.1/x", "must be a URL such as"),
    ],
)
def test_addresses_that_are_none(address: str, endpoint: str | None, message: str) -> None:
    with pytest.raises(LandingError) as caught:
        open_store(address, endpoint)
    assert message in caught.value.message


def test_a_batch_itself_is_no_source(store: ObjectStore, prefix: str, find) -> None:
    store.put(f"{prefix}/manifest.json", b"{}")
    parent = f"s3://{BUCKET}/{prefix.rpartition('/')[0]}"
    with pytest.raises(LandingError, match=f"is a batch itself: give its parent, --from {parent}$"):
        find(f"s3://{BUCKET}/{prefix}", "farm")
