"""What a person sees in a terminal: the console, progress, narration, tables, failures."""
