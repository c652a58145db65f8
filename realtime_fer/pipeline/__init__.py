"""The only room with threads: it joins the others into a running service.

`assemble` builds every part from the settings; `service` runs them:

    capture (thread)  source.read() -> frames mailbox          newest wins (live), or waits (every frame)
    process (thread)  FastPath: detect, track, crop, classify, smooth -> sinks
    health  (thread)  once a second: states, counts, latency -> publisher
    main thread       window, progress, signals

Each thread is a `Worker`, which restarts its step a bounded number of times when it raises. The slow path (reasoning on
keyframes, with a supervisor's thread of its own) will be one more sink that takes finished results and never makes the
fast path wait.
"""
