"""Object stores, against a server that speaks as S3 does; nothing leaves the machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cecalc.cli import status_of
from cecalc.errors import InputError
from cecalc.input import stores
from tests.input.array_files import npy, npz

CSV = b"id,logit_a,logit_b,target\nr,1,2,b\ns,3,1,b\n"
LOSS = "ce {} -q --reduction none"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A server with a bucket and some objects."""
    server_module = pytest.importorskip("moto.server")
    boto3 = pytest.importorskip("boto3")
    server = server_module.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="s",  # noqa: S106
    )
    client.create_bucket(Bucket="bucket")
    for name, data in objects().items():
        client.put_object(Bucket="bucket", Key=name, Body=data)
    yield url
    server.stop()


def objects() -> dict[str, bytes]:
    import io

    import pyarrow as pa
    from pyarrow import csv, parquet

    written = io.BytesIO()
    parquet.write_table(csv.read_csv(pa.BufferReader(CSV)), written)
    logits, target = np.array([[1.0, 2], [3, 1]]), np.array([1, 1])
    return {
        "x.csv": CSV,
        "x.parquet": written.getvalue(),
        "x.npz": npz(logits=logits, target=target),
        "x.npy": npy(logits),
        "y.npy": npy(target),
        **{f"many/x-{i}.npy": npy(logits[i:]) for i in range(2)},
        **{f"many/y-{i}.npy": npy(target[i:]) for i in range(2)},
        "many/b.csv": CSV,
        "many/a.csv": CSV,
        "many/deep/c.csv": CSV,
    }


@pytest.fixture
def _environment(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    stores._store.cache_clear()
    yield
    stores._store.cache_clear()


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize(
    "given",
    [
        "s3://bucket/x.csv",
        "s3://bucket/x.parquet",
        "s3://bucket/x.npz",
        "--logits s3://bucket/x.npy --target s3://bucket/y.npy",
        "--logits s3://bucket/many/x-*.npy --target s3://bucket/many/y-*.npy",
    ],
)
def test_an_object_is_read_as_a_file_is(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, data in objects().items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(data)
    assert status_of(LOSS.format(given.replace("s3://bucket/", "./")).split()) == 0
    expected = capfd.readouterr().out
    assert status_of(LOSS.format(given).split()) == 0
    assert capfd.readouterr().out == expected


@pytest.mark.usefixtures("_environment")
def test_patterns() -> None:
    assert stores.expand("s3://bucket/many/*.csv") == [
        "s3://bucket/many/a.csv",
        "s3://bucket/many/b.csv",
    ]
    assert stores.expand("s3://bucket/*/*/c.cs?") == ["s3://bucket/many/deep/c.csv"]
    assert stores.expand("s3://bucket/x.csv") == ["s3://bucket/x.csv"]
    with pytest.raises(InputError, match="no object matches"):
        stores.expand("s3://bucket/none/*.csv")


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize(
    ("uri", "rule"),
    [
        ("s3://bucket/none.csv", "no such bucket or object"),
        ("s3://none/x.csv", "no such bucket or object"),
        ("s3:///x.csv", "names no bucket"),
    ],
)
def test_what_is_not_there(uri: str, rule: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of(["ce", uri, "-q"]) == 4
    assert capfd.readouterr() == ("", f"cecalc: error: {uri}: {rule}\n")


@pytest.mark.parametrize("account", ["", "user:se-cret@", "user:s/e@se-cret@", ":se-cret@"])
@pytest.mark.parametrize("options", [[], ["--debug"], ["--errors", "json"]])
def test_nobody_listens(
    account: str,
    options: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{account}{host}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    stores._store.cache_clear()
    assert status_of(["ce", "s3://bucket/x.csv", *options]) == 4
    out, err = capfd.readouterr()
    assert (out, "cret" in err) == ("", False), err
    if not (account or options):
        assert err.startswith("cecalc: error: s3://bucket/x.csv: no connection ")
    stores._store.cache_clear()


def test_what_a_library_says_of_an_endpoint_is_not_passed_on() -> None:
    for kind in (OSError, ValueError, KeyError, NotImplementedError):
        with pytest.raises(InputError) as caught, stores._told("s3://bucket/x.csv"):
            raise kind("http://user:cret@host")
        assert "cret" not in str(caught.value)


@pytest.mark.parametrize("given", ["{}", "--logits {}", "--logits 1,2 --target {}"])
@pytest.mark.parametrize("uri", ["s3://key:se-cret@bucket/x.csv", "s3://key:se-cret@bucket/*.csv"])
def test_an_account_inside_a_uri_is_refused_unseen(
    given: str, uri: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert status_of(["ce", *given.format(uri).split()]) == 4
    shown = uri.replace("key:se-cret@", "")
    rule = f"{shown}: an account inside it is not read"
    hint = "credentials come from the environment"
    assert capfd.readouterr() == ("", f"cecalc: error: {rule}\ncecalc: hint: {hint}\n")
