"""Pictures and recordings in, what a reasoner says of every face out; once, in one thread, without a service.

`commands.describe` calls `moments` (which frames, and the faces on them), `described_moment` (asks the reasoner about each) and
`DescriptionLog` (keeps the answers, and knows after a break what is there).
"""
