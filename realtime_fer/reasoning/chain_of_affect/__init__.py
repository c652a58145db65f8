"""Chain-of-Affect: primary and secondary emotion, compound label; the questions (`chain`), and who answers them (`model`)."""
