"""The commands: options, one call down, printing."""
