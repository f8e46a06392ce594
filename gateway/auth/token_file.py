"""The file of tokens: their hashes with names, scopes and times.

A token has 256 random bits, so a plain SHA-256 hash is safe against guessing.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from tempfile import mkstemp
from typing import Annotated

import msgspec

from gateway.auth.refusals import UnusableAuthError

PREFIX = "igw_"
"""The prefix of tokens, by which scanners for leaked secrets recognise them."""


Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Token(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A token in the file."""

    name: str
    sha256: str
    scopes: tuple[str, ...]
    created_at: Time
    expires_at: Time | None


class Tokens(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the file."""

    tokens: tuple[Token, ...] = ()


_decode = msgspec.json.Decoder(Tokens).decode


def new_token() -> str:
    """Return a new random token."""
    return PREFIX + token_urlsafe(32)


def digest(token: str) -> str:
    """Return the SHA-256 hash of a token in hexadecimal digits."""
    return sha256(token.encode(errors="surrogatepass")).hexdigest()


class TokenFile:
    """A file of tokens; a missing file has no tokens."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    def state(self) -> tuple[int, int, int] | None:
        """Return a value that differs after a change of the file, or None if it is missing."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size

    def read(self) -> tuple[Token, ...]:
        """Return its tokens; raise ``UnusableAuthError`` if it cannot be read."""
        try:
            return _decode(self.path.read_bytes()).tokens
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise self._unusable(f"{error.strerror}.") from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._unusable(f"it is not what `token create` writes: {error}.") from error

    @contextmanager
    def changing(self) -> Iterator[dict[str, Token]]:
        """Lock the file and yield its tokens by name; write them after the block."""
        with self._locked():
            tokens = {token.name: token for token in self.read()}
            yield tokens
            self._write(Tokens(tuple(tokens.values())))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock the folder of the file, since the file itself is replaced."""
        try:
            folder = os.open(self.path.resolve().parent, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise self._unusable(f"its folder: {error.strerror}.") from error
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _write(self, tokens: Tokens) -> None:
        """Replace the file atomically by one with the same owner and mode."""
        path = self.path.resolve()
        text = msgspec.json.format(msgspec.json.encode(tokens), indent=2) + b"\n"
        try:
            file, written = mkstemp(dir=path.parent, prefix=f".{path.name}.")
            try:
                with os.fdopen(file, "wb") as stream:
                    self._set_owner(file, path)
                    stream.write(text)
                    stream.flush()
                    os.fsync(file)
                Path(written).replace(path)
            except BaseException:
                with suppress(OSError):
                    Path(written).unlink()
                raise
        except OSError as error:
            raise self._unusable(f"{error.strerror}.") from error

    def _set_owner(self, file: int, path: Path) -> None:
        """Set the owner of the new file to that of the existing one, or of the folder.

        The command may run as another user than the gateway, such as root.
        """
        there = path.stat() if path.exists() else None
        owner = there or (path.parent.stat() if os.geteuid() == 0 else os.fstat(file))
        try:
            os.fchown(file, owner.st_uid, owner.st_gid)
            if there:
                os.fchmod(file, stat.S_IMODE(there.st_mode))
        except PermissionError as error:
            raise self._unusable(
                f"it would no longer belong to user {owner.st_uid} and group {owner.st_gid}. "
                "Run the command as that user, or as root."
            ) from error

    def _unusable(self, why: str) -> UnusableAuthError:
        return UnusableAuthError(f"The tokens file {self.path} cannot be used: {why}")
