"""ONNX Runtime sessions with this service's rules for threads, providers and errors.

Called by the detectors and classifiers that run an ONNX file. It is the one place that touches session options,
so every network of the service is started in the same way.
"""
