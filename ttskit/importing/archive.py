"""NeMo archives (`.nemo`): a tar or gzipped tar of a configuration, weights and files they refer to.

Members are read in memory, never unpacked: but even so nothing is accepted that would leave a folder.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from torch import Tensor

from ttskit.errors import CheckpointError
from ttskit.importing.tensors import plain_names, read_torch, tensors_of
from ttskit.reading import YamlFault, parse_yaml
from ttskit.reading.bounded_yaml import SIZE

__all__ = ["CONFIG", "WEIGHTS", "NemoArchive", "is_archive", "last_part", "open_archive"]

CONFIG, WEIGHTS = "model_config.yaml", "model_weights.ckpt"
_LIMIT = 8 << 30  # the largest public TTS archive is below 1 GiB
_CONFIG_LIMIT, _FILE_LIMIT, _MEMBERS = 4 * SIZE, 256 << 20, 256
_GZIP_RATIO = 100  # weights hardly compress: more than this is a bomb
_BROKEN = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, gzip.BadGzipFile, ArithmeticError, MemoryError)


@dataclass(frozen=True)
class NemoArchive:
    """A NeMo archive whose list of members was checked.

    Args:
        path: the file.
        members: member names without a leading `./` → names in the archive.
        config: content of model_config.yaml.
    """

    path: Path
    members: Mapping[str, str]
    config: Mapping[str, Any]

    @property
    def target(self) -> str:
        """Last component of the model's class path (`FastPitchModel`), which survives NeMo's moves; "" if not given."""
        return last_part(self.config.get("target"))

    def read(self, name: str, limit: int = _FILE_LIMIT) -> bytes:
        """A member's bytes.

        Raises:
            CheckpointError: not there, too large, or the archive is cut short.
        """
        if name not in self.members:
            raise CheckpointError(f"{self.path.name} lacks {name}", f"it has {', '.join(self.members)}", "download it again")
        try:
            with tarfile.open(self.path, _mode(self.path)) as tar:
                member = tar.getmember(self.members[name])
                if member.size > limit:
                    raise CheckpointError(f"{name} in {self.path.name} is absurdly large", f"{member.size} bytes", "")
                file = tar.extractfile(member)
                content = file.read() if file is not None else b""
        except _BROKEN as error:
            raise _damaged(self.path, error) from error
        if len(content) != member.size:
            raise _damaged(self.path, f"{name} has {len(content)} of {member.size} bytes")
        return content

    def artifact(self, reference: object) -> tuple[str, bytes]:
        """Name and content of a file that the configuration refers to as `nemo:<member>`."""
        if not isinstance(reference, str) or not reference.startswith("nemo:"):
            raise CheckpointError(
                f"{self.path.name} refers to a file outside itself", f"{reference!r}", "use an archive that NeMo saved whole"
            )
        name = reference.removeprefix("nemo:").removeprefix("./")
        return name, self.read(name)

    def weights(self) -> dict[str, Tensor]:
        """The state dict, in float32."""
        content = self.read(WEIGHTS, _LIMIT)
        name = f"{WEIGHTS} in {self.path.name}"
        return tensors_of(plain_names(read_torch(io.BytesIO(content), name, len(content))), name)


def last_part(target: object) -> str:
    """Last component of a class path."""
    return str(target or "").rpartition(".")[2]


def is_archive(path: Path) -> bool:
    """Whether a file starts as a tar or a gzip does."""
    try:
        with Path(path).open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise CheckpointError(f"no checkpoint at {path}", error.strerror or str(error), "check the path") from error
    return start.startswith(b"\x1f\x8b") or start[257:262] == b"ustar"


def open_archive(path: Path) -> NemoArchive:
    """Check the members and read the configuration.

    Raises:
        CheckpointError: cut short; a member that is a link, lies outside or is absurdly large; no configuration.
    """
    state = Path(path).stat()
    return _opened(Path(path).absolute(), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=1)
def _opened(path: Path, changed: int, size: int) -> NemoArchive:
    members: dict[str, str] = {}
    total = 0
    try:
        with tarfile.open(path, _mode(path)) as tar:
            for member in tar:  # one by one: a bomb is seen before it is passed over
                name = _checked(member, path)
                total += member.size
                if total > _LIMIT or (_mode(path) == "r:gz" and total > size * _GZIP_RATIO + _CONFIG_LIMIT):
                    raise CheckpointError(f"{path.name} would unpack to an absurd size", f"{total} bytes out of {size}", "")
                if member.isdir():
                    continue
                if name in members or len(members) >= _MEMBERS:
                    raise CheckpointError(f"{path.name} is not a NeMo archive", f"member {name!r} twice, or too many", "")
                members[name] = member.name
    except _BROKEN as error:
        raise _damaged(path, error) from error
    if CONFIG not in members:
        why = f"there is no {CONFIG} in it" + (f", only {', '.join(list(members)[:4])}" if members else "")
        raise CheckpointError(f"{path.name} is not a NeMo archive, or cut short", why, "download it again")
    archive = NemoArchive(path, members, {})
    try:
        config = parse_yaml(archive.read(CONFIG, _CONFIG_LIMIT).decode("utf-8-sig"))
    except (YamlFault, UnicodeDecodeError) as error:
        raise CheckpointError(f"{CONFIG} in {path.name} cannot be read", str(error), "download it again") from error
    if not isinstance(config, Mapping):
        raise CheckpointError(f"{CONFIG} in {path.name} is not a configuration", f"it is {type(config).__name__}", "")
    return NemoArchive(path, members, config)


def _checked(member: tarfile.TarInfo, path: Path) -> str:
    name = PurePosixPath(member.name.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in member.name:
        raise CheckpointError(f"{path.name} has a member outside its folder", repr(member.name), "do not use this file")
    if not (member.isfile() or member.isdir()):
        raise CheckpointError(f"{path.name} has a member that is not a plain file", repr(member.name), "do not use this file")
    if member.size < 0 or member.size > _LIMIT:
        raise CheckpointError(f"{path.name} has a member of an absurd size", f"{member.name}: {member.size} bytes", "")
    return str(name)


def _mode(path: Path) -> Literal["r:gz", "r:"]:
    with path.open("rb") as file:
        return "r:gz" if file.read(2) == b"\x1f\x8b" else "r:"


def _damaged(path: Path, why: object) -> CheckpointError:
    return CheckpointError(f"{path.name} is damaged or cut short", str(why)[:200], "download it again")
