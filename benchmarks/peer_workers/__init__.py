"""One small script a peer, run by the Python of that peer's own environment as `python -m benchmarks.peer_workers.NAME`.

Each takes its work from the file it is given, and prints one JSON line with the versions it runs on and one JSON line a
result. `measuring` is what they share: it needs nothing but the standard library, NumPy and OpenCV.
"""
