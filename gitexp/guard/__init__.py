"""Where rules are held: hooks in a clone and on a server, the merge drivers, and what each is told by git."""
