"""Which cameras Linux knows, without opening any."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DEV_ROOT = Path("/dev")
SYSFS_ROOT = Path("/sys/class/video4linux")


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """One /dev/video* node.

    Attributes:
        path: the device node.
        index: what to give as `--source`.
        name: the driver's name for it; "" where the system does not say.
        node_index: 0 for a camera's picture node; many cameras have further nodes (metadata) that give no pictures.
    """

    path: Path
    index: int
    name: str = ""
    node_index: int = 0

    def __str__(self) -> str:
        details = [part for part in (self.name, "" if self.node_index == 0 else "no pictures: a side node") if part]
        return f"{self.path} ({', '.join(details)})" if details else str(self.path)


def list_cameras(dev_root: Path = DEV_ROOT, sysfs_root: Path = SYSFS_ROOT) -> list[CameraInfo]:
    """Every video device node, by index. Nothing is opened, so a camera in use is listed too; empty off Linux."""
    cameras = []
    for path in dev_root.glob("video*"):
        match = re.fullmatch(r"video(\d+)", path.name)
        if match is None:
            continue
        described = sysfs_root / path.name
        node_index = _read_line(described / "index")
        cameras.append(
            CameraInfo(
                path=path,
                index=int(match.group(1)),
                name=_read_line(described / "name"),
                node_index=int(node_index) if node_index.isdigit() else 0,
            )
        )
    return sorted(cameras, key=lambda camera: camera.index)


def describe_cameras(cameras: list[CameraInfo]) -> str:
    """The list as the end of a sentence."""
    return ", ".join(str(camera) for camera in cameras) or "none"


def _read_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
