from __future__ import annotations

from realtime_fer.publishing.track_events import TrackEvents
from tests.publishing import contents


def test_a_track_starts_is_updated_and_ends() -> None:
    tracks = TrackEvents()
    first = tracks.update(contents.frame(0, faces=2), ())
    second = tracks.update(contents.frame(1, faces=2), ())
    third = tracks.update(contents.frame(2, faces=1), (2,))
    assert [(e.track_id, e.event) for e in first] == [(1, "started"), (2, "started")]
    assert [(e.track_id, e.event) for e in second] == [(1, "updated"), (2, "updated")]
    assert [(e.track_id, e.event) for e in third] == [(1, "updated"), (2, "ended")]
    assert third[1].face is None
    assert third[1].frame_id == 2
    assert third[0].face is not None
    assert third[0].face.track_id == 1


def test_a_track_missing_for_a_moment_says_nothing_and_goes_on() -> None:
    tracks = TrackEvents()
    tracks.update(contents.frame(0, faces=1), ())
    assert tracks.update(contents.frame(1, faces=0), ()) == []
    assert [e.event for e in tracks.update(contents.frame(2, faces=1), ())] == ["updated"]


def test_a_track_that_was_never_seen_does_not_end() -> None:
    assert TrackEvents().update(contents.frame(0, faces=0), (5,)) == []


def test_the_end_of_the_source_ends_every_track_once() -> None:
    tracks = TrackEvents()
    assert tracks.end_all() == []
    tracks.update(contents.frame(6, faces=2), ())
    ended = tracks.end_all()
    assert [(e.track_id, e.event, e.frame_id) for e in ended] == [(1, "ended", 6), (2, "ended", 6)]
    assert tracks.end_all() == []
