"""Chains of thought for `train expllm`, written by any language model on a server from action-unit labels.

`face_actions` reads the labels; `engine` has one face described, read back and, where that goes wrong, described again with
what was learned (`prompts` has the words); `validation` compares what was written with the labels. Each question goes through
`asking`, over the client of `reasoning.openai_compatible`, and its answer into the `journal`, so that a run that is stopped
asks nothing twice. `run` does this for a file and writes the records. Nothing here needs torch.

The way is that of the Exp-CoT engine (Lan et al., ExpLLM, IEEE TMM 27, 2025: describe, infer, verify, reflect, refine); its
prompts and code are not published, and these are ours.
"""
