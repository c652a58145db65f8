"""The only room with threads: it joins the others into a running service.

`assemble` builds every part from the settings; `service` runs them:

    capture (thread)  source.read() -> frames mailbox          newest wins (live), or waits (every frame)
    process (thread)  FastPath: detect, track, crop, classify, smooth -> sinks
    health  (thread)  once a second: states, counts, latency -> publisher
    main thread       window, progress, signals

Each thread is a `Worker`, which restarts its step a bounded number of times when it raises. The slow path is one more sink
(`reasoning_sink`, built by `assemble_reasoning`): in the processing thread it only chooses keyframes and hands questions
over; the supervisor's thread asks a reasoner in another process, and publishes what comes back.
"""
