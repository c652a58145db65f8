"""`realtime-fer train`: `command` is the group; a file for each training, and the options they share."""
