"""Offline: how good the parts are, measured on labelled data; nothing in the running service imports this room."""
