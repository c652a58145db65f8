"""`realtime-fer export`: `command` is the group; a file for each network."""
