"""What the trainings of vision-language models share: a step at a time, on one process or many, resumable to the same end.

`recipe` has the numbers that each of them states, `schedule` the learning rate most of them follow, `order` which records a
step takes; `processes` says where it computes; `steps` is the loop; `run_folder` is what it leaves and how that is taken up;
`run` puts these together; `answer_loss`, `crop`, `checkpointing` and `trained` are small parts of several. Used by
`training.chain_of_affect`, `training.expllm` and `training.exp_blip`.
"""
