"""Torch modules and what belongs to them: sizes, tokenizers, picture processing, reading and writing of checkpoints.

No camera, thread or socket. Built by `training`, and by `reasoning` and `evaluation` where a network answers in words. Each
published network has a room, under its checkpoints' own key names: `emotion_gcn`, `fmpn`, `phi3_vision`, `expllm`, `exp_blip`;
`chain_of_affect_tiny`, `compact_emotion_gcn` and `face_lite` are our own. The rooms share how checkpoints are read
(`json_settings`, `safetensors_shards`, `state_dict`, `tensor_shapes`, `torch_archive`) and written (`checkpoint_writing`).

`label_graph` needs only numpy; `phi3_vision`, `expllm`, `exp_blip` and `chain_of_affect_tiny` need the extra `vlm`.
"""
