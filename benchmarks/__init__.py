"""What the service costs. Run the scripts from the project's root; see README.md for the method."""
