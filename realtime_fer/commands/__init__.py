"""The sub-commands of `realtime-fer`, one file each: thin, they parse and call the rooms."""
