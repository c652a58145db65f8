from __future__ import annotations

from pathlib import Path

from realtime_fer.sources.camera_list import CameraInfo, describe_cameras, list_cameras


def test_cameras_are_listed_by_number_with_names_and_side_nodes(tmp_path: Path) -> None:
    dev, sysfs = tmp_path / "dev", tmp_path / "sys"
    for name in ("video10", "video2", "video3", "videox", "null"):
        dev.mkdir(exist_ok=True)
        (dev / name).touch()
    for name, index in (("video2", "0"), ("video3", "1")):
        (sysfs / name).mkdir(parents=True)
        (sysfs / name / "name").write_text("Face Cam\n")
        (sysfs / name / "index").write_text(f"{index}\n")
    cameras = list_cameras(dev, sysfs)
    assert cameras == [
        CameraInfo(dev / "video2", 2, "Face Cam", 0),
        CameraInfo(dev / "video3", 3, "Face Cam", 1),
        CameraInfo(dev / "video10", 10, "", 0),
    ]
    assert describe_cameras(cameras) == (
        f"{dev}/video2 (Face Cam), {dev}/video3 (Face Cam, no pictures: a side node), {dev}/video10"
    )


def test_no_devices_at_all(tmp_path: Path) -> None:
    assert list_cameras(tmp_path / "nothing", tmp_path) == []
    assert describe_cameras([]) == "none"
