"""ExpLLM: DINOv2 ViT-L/14, a two-layer projector and Vicuna-7B, with low-rank adapters in both encoders.

One face picture and one question become an answer. `image_processor` makes the square picture the network was trained on;
`prompts` writes the question, `tokenizer` (over `sentencepiece_bpe`) its token ids with 256 places for the picture; `model`
puts the projected patches there and runs the decoder; `generation` answers greedily: the label first, then the description with
that label in its history; `label_scores` gives a distribution over the labels instead of one word. `answer` and
`action_mentions` (over `action_units`, `action_words`) read what was written, `metrics` scores it. `config` holds the sizes,
`checkpoint_keys` maps the published names to ours, `checkpoint` fills a model, `convert` rewrites a published folder once,
shard by shard.

`config`, `prompts`, `sentencepiece_bpe`, `tokenizer`, `answer`, the `action_...` and `metrics` need no torch. Nothing here runs
code that comes with a checkpoint.

Source: Lan et al., "ExpLLM: Towards Chain of Thought for Facial Expression Recognition", IEEE TMM 27 (2025), 3069-3081.
"""
