"""How good Chain-of-Affect's answers are.

`run` asks the published network the questions of a published test (`protocol`), keeps what it says (`answers`) and gives the
`report`; it needs torch. `ferplus` scores a chain of the service against the crowd's votes of FER+, by `ferplus_answers`.
`speed` is the time for one face.
"""
