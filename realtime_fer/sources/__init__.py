"""Where frames come from.

`choose.open_source` turns what the user typed into one of the sources below; the pipeline's capture thread then calls
`open()`, `read()` until it returns None, and `close()`, and knows nothing more (`source.Source` is that contract).

- `video_file.VideoFileSource`, `pictures.PictureSource` and `demo.DemoSource` read in the caller's thread.
- `camera.CameraReader` and `stream.StreamReader` may hang inside a driver or a network read, so they are never called
  by the capture thread: `reconnecting.ReconnectingSource` runs each in a `reader_thread.ReaderThread` of its own, takes
  the newest picture from it, and replaces it when it fails or goes silent.

Every picture passes `bgr.to_bgr`, so that the rooms after this one see uint8 BGR only.
"""
