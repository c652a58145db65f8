"""The whole service on a clip, every frame, published over ZeroMQ: `DETECTOR CLIP`."""

from __future__ import annotations

import sys
import time

from benchmarks.peer_workers.measuring import take_over_stdout, write_line, write_versions

RUN_TIMEOUT_S = 1800.0


def main(detector: str, clip: str) -> None:
    """From opening the clip to its last published message; the models are loaded and warm before."""
    results = take_over_stdout()
    from realtime_fer.clock import SystemClock
    from realtime_fer.pipeline.assemble import build_fast_path
    from realtime_fer.pipeline.reporting import Reporter
    from realtime_fer.pipeline.service import Service
    from realtime_fer.publishing.zmq_publisher import ZmqPublisher
    from realtime_fer.settings_layers import load_settings
    from realtime_fer.sources.choose import open_source

    fast_path, models = build_fast_path(load_settings(flags={"detector": {"name": detector}}))
    publisher = ZmqPublisher("tcp://127.0.0.1:*")
    publisher.start()
    write_versions(results, ("onnxruntime",), models={model.name: model.sha256 for model in models})
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    reporter = Reporter(publisher, None, expression_model=models[-1].name, clock=SystemClock())
    service = Service(open_source(clip, every_frame=True), fast_path, publish=reporter.report, every_frame=True)
    service.open()
    service.start()
    finished = service.wait(RUN_TIMEOUT_S)
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    service.stop()
    publisher.close()
    if service.error is not None or not finished:
        raise SystemExit(f"{clip}: {service.error or 'did not finish in time'}")
    counts = service.counters.snapshot()
    write_line(
        results,
        {
            "frames": counts.frames_processed,
            "frames_with_face": counts.frames_with_face,
            "faces": counts.faces_total,
            "wall_s": wall_s,
            "cpu_s": cpu_s,
        },
    )


if __name__ == "__main__":
    main(*sys.argv[1:3])
