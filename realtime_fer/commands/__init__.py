"""The sub-commands of `realtime-fer`, one file each: thin, they parse and call the rooms.

A command with sub-commands of its own has a room (`evaluate`, `export`, `models`, `train`), in which `command` is the group.
Options that several commands take are `placement_options`, `reasoner_options` and what a room calls `options`.
"""
