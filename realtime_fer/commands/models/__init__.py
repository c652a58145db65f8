"""`realtime-fer models`: `command` is the group and what it lists; a file for each of fetch, import, convert and export."""
