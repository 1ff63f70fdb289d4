"""One picture a file: what it shows, a display as scikit-learn has them, and its function."""
