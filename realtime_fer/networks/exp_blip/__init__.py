"""Exp-BLIP: sentences about a face from EVA ViT-g/14, a Q-Former and OPT-6.7B (Yuan, Zeng, Shan, BMVC 2023).

From a face to a sentence: `preprocessing` scales the picture; `model` turns it into 32 vectors and, with the ids of
`tokenizer`, into logits; `generation` writes on with the published settings; `captioner` joins them. `sizes` has every
number. `checkpoint_names` maps the names of the authors' files to ours, and `checkpoint` fills a model from those files
(`weight_files`); `convert` writes them once into one folder of safetensors, which `converted` reads. `stage_one` is the
network of the first training stage, which compares faces and texts; `losses` is what both stages learn by.

Three trainings share this one network: facial actions (AU-BLIP), emotions (Emot-BLIP), and actions that lead to emotions
(Exp-BLIP). `caption_kinds` names them and writes their rule-based captions; `action_phrases` has the words for each action
unit; `action_mentions` (with `action_words`) and `emotion_mentions` find action units and emotions in a sentence, and leave
out what it denies (`denied`). `text_processing` is what texts go through before training.

The modules about texts and `sizes` need no torch; the rest needs the extra `vlm`.
"""
