"""Real-time facial expression recognition for robots: who is in view, what each face expresses, and why."""

__version__ = "0.1.0"
