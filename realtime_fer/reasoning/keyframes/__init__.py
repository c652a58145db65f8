"""Which faces, and which of their moments, are worth a question: `selection`, by `rules`, within a `budget`; pure logic."""
