"""Words from elsewhere, for a terminal."""


def printable(text: str) -> str:
    """Words of a model or another program, without what would steer the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
