"""Objects below a prefix of an S3 bucket. boto3 finds credentials, region and AWS_ENDPOINT_URL by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llmc.compiler.bundle.render import digest
from llmc.compiler.locking.place import File, Place
from llmc.compiler.locking.progress import Tick
from llmc.compiler.locking.trouble import DENIED, MISSING, UNREACHABLE, Trouble, not_installed

PREFIX = "s3://"
# Larger objects are not read for their digest: their ETag stands for their content.
LARGE = 64 * 2**20
_DENIED = {"AccessDenied", "403", "401", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"}
_MISSING = {"NoSuchBucket", "NoSuchKey", "404"}


class S3(Place):
    """The objects below `s3://bucket/prefix/`, or the one object of that name, whose name here is then empty."""

    source = "s3"

    def __init__(self, uri: str) -> None:
        super().__init__()
        self.shown = uri
        self.bucket, _, key = uri.removeprefix(PREFIX).partition("/")
        self.key = key.rstrip("/")
        self._client = _client()

    def files(self) -> list[File]:
        objects = self._ask(self._objects)
        if not objects:
            raise Trouble(MISSING, f"there is no object at {self.shown}", "correct the path")
        return sorted(objects, key=lambda file: file.name)

    def part(self, name: str, start: int, length: int) -> bytes:
        return bytes(self._ask(lambda: self._part(name, start, length)))

    def digest(self, file: File, tick: Tick | None = None) -> str:
        if file.size > LARGE:
            return digest(f"etag {file.digest}, {file.size} bytes".encode())
        return super().digest(_unnamed(file), tick)

    def _objects(self) -> list[File]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.key)
        listed = [item for page in pages for item in page.get("Contents", ())]
        single = [item for item in listed if item["Key"] == self.key]
        prefix = f"{self.key}/" if self.key and not single else ""
        below = single or [item for item in listed if item["Key"].startswith(prefix)]
        found = (self._file(item, self.key if single else prefix) for item in below)
        return [file for file in found if not any(part.startswith(".") for part in file.name.split("/"))]

    def _file(self, item: Any, prefix: str) -> File:
        return File(item["Key"].removeprefix(prefix), item["Size"], item["ETag"].strip('"'))

    def _part(self, name: str, start: int, length: int) -> Any:
        key = f"{self.key}/{name}" if self.key and name else self.key or name
        answer = self._client.get_object(Bucket=self.bucket, Key=key, Range=f"bytes={start}-{start + length - 1}")
        return answer["Body"].read(length)

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except Exception as error:
            raise _trouble(error, self.shown) from None


def _client() -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise not_installed("boto3", "reads from S3") from None
    patience = Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 2, "mode": "standard"})
    try:
        return boto3.Session().client("s3", config=patience)
    except Exception as error:
        raise _trouble(error, "S3") from None


def _unnamed(file: File) -> File:
    """The file without its ETag, which is a digest of content for some objects and not for others."""
    return File(file.name, file.size)


def _trouble(error: Exception, shown: str) -> Trouble:
    code = str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
    name = type(error).__name__
    if code in _MISSING:
        return Trouble(MISSING, f"there is no {shown} ({code})", "correct the path")
    if code in _DENIED:
        return Trouble(DENIED, f"access to {shown} is denied ({code})", "check the credentials that boto3 finds")
    if "Credential" in name or "Token" in name or "Profile" in name:
        return Trouble(DENIED, f"no usable AWS credentials for {shown} ({name})", "log in, or set AWS_PROFILE")
    if name == "ParamValidationError":
        return Trouble(MISSING, f"{shown} is no possible name in S3", "write s3://bucket/prefix")
    return Trouble(UNREACHABLE, f"S3 gives no answer for {shown} ({code or name})", "check AWS_ENDPOINT_URL")
