"""One supervised execution: launched, heard, watched, ended with all that it has started."""
