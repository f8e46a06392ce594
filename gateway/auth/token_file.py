"""The file of tokens: their hashes, never themselves, with names, scopes and times.

A token is 256 random bits, so nobody finds one by trying, and a plain SHA-256 of it is enough.
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
"""What a token begins with, so that one that leaks is recognised."""


Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Token(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is kept of a token."""

    name: str
    sha256: str
    scopes: tuple[str, ...]
    created_at: Time
    expires_at: Time | None


class Tokens(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds."""

    tokens: tuple[Token, ...] = ()


_decode = msgspec.json.Decoder(Tokens).decode


def new_token() -> str:
    """Make a token."""
    return PREFIX + token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is kept of a token to recognise it by."""
    return sha256(token.encode(errors="surrogatepass")).hexdigest()


class TokenFile:
    """A file of tokens; where there is none, there are no tokens."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    def state(self) -> tuple[int, int, int] | None:
        """Return what is another when the file has changed, or None where there is none."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size

    def read(self) -> tuple[Token, ...]:
        """Return its tokens; raise ``UnusableAuthError`` when it cannot be read."""
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
        """Let the tokens, by name, be changed within the block, by one process at a time."""
        with self._locked():
            tokens = {token.name: token for token in self.read()}
            yield tokens
            self._write(Tokens(tuple(tokens.values())))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock its folder, since the file itself is replaced."""
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
        """Replace it in one step, by a file of the same owner that the same may read."""
        path = self.path.resolve()
        text = msgspec.json.format(msgspec.json.encode(tokens), indent=2) + b"\n"
        try:
            file, written = mkstemp(dir=path.parent, prefix=f".{path.name}.")
            try:
                with os.fdopen(file, "wb") as stream:
                    self._give(file, path)
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

    def _give(self, file: int, path: Path) -> None:
        """Give the new file to whom the one that is there belongs, or its folder where none is.

        The gateway may run as another user than who runs the command, as root does.
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
