"""ExpLLM's published test: `run` asks the network for a label of each face (it needs torch), `labels` counts the right ones."""
