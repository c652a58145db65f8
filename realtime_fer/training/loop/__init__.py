"""How a network of ours is trained, and what a run leaves behind.

`run_loop` is the loop of one process, `task` what it wants to be told of a training; `accelerator` and `epoch_losses` are what
the published classifiers' loops share, on one process or several; `moving_average` are the averaged weights; `progress` is
what a run shows, `run_files` what it leaves.
"""
