"""The report: one HTML file that explains a search."""
