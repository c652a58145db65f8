"""Phi-3.5-vision: CLIP ViT-L/14-336 tiles, a projector and the Phi-3-mini decoder, with the published tensor names.

From a picture and a question to an answer: `tile_layout` says how a picture is cut, `image_processor` cuts it,
`tokenizer` writes the token ids around it; `model` (its `vision_tower`, `image_embedding`, `rope`) turns both into logits;
`sequence` keeps what was decoded, so that it can be extended and rewound; `generation` answers greedily. `config` reads
the sizes; `checkpoint` fills a model from published shards, `lora` adds the published adapter, `non_lora_state`
reads the file that its training left beside it.

`config`, `tile_layout` and `chat` need no torch. Nothing here runs code that comes with a checkpoint.
"""
