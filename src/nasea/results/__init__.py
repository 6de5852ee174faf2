"""The outcome of a search: as data, files, figures, tables and a report."""
