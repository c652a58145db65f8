"""Computing activations twice instead of keeping them."""

from __future__ import annotations

from typing import Any


def checkpoint_activations(part: Any) -> None:
    """Switch it on for a part of transformers, and for parts of it that know it too. Counts in training mode only."""
    # Transformers renamed it.
    switch = getattr(part, "activation_checkpointing_enable", None) or part.gradient_checkpointing_enable
    # The other way loses gradients where a layer's inputs need none, as behind frozen embeddings.
    switch({"use_reentrant": False})
