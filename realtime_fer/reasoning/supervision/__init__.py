"""A reasoner in a process of its own, asked and never awaited.

The `supervisor` keeps the thread, the `question_desk` and the process: its life (`child_life`), the talk with it (`child_talk`)
and the two ends of the connection (`child_process` here, `child_main` there).
"""
