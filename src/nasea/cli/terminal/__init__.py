"""Terminal output: consoles, progress, narration, tables and failures."""
