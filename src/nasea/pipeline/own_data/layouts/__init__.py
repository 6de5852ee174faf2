"""The layouts of data sets in folders: one module per layout."""
