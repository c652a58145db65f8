"""A reasoner in a process of its own, asked and never awaited: `supervisor`, the `question_desk`, and the child's two ends."""
