"""`realtime-fer evaluate`: `command` sorts out what is evaluated; a file for each protocol or system."""
