"""Networks exported to files and compared with the original."""
