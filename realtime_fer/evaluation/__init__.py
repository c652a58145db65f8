"""Offline: how good the shipped models are, on data with known answers.

Called by `realtime-fer evaluate`. The files that ship are run through ONNX Runtime, not the networks they came from;
torch is not needed, but for
`chain_run`: Chain-of-Affect is asked in words, which only the network itself can answer.
"""
