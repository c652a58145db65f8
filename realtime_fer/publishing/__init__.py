"""Results out of the service, and into other programs, over ZeroMQ.

The pipeline turns each `FrameResult` into content (`conversion`, `track_events`, `track_answers`) and hands it to the
`ZmqPublisher`, which stamps it (`stamping`), encodes it (`encoding`) and passes it to its one socket thread
(`handover`). That thread owns the `publisher_sockets`, sends (`socket_loop`) and keeps the newest message of every
topic for late joiners (`last_values`). `curve` makes and reads key files, `authentication` and `refusals` decide who
may listen and say who was turned away. On the other side `Subscriber` and `AsyncSubscriber` share one `MessageReader`,
which decodes, follows sequence numbers (`sequence`) and never dies of a malformed message. `ResultsWriter` keeps the
same bytes in a file, `LiveTable` and `FaceTable` show them in a terminal. The wire schema is `message`; `schema`
exports it as JSON Schema; docs/messages.md explains it to people.
"""
