"""Reading and writing of everything that stages leave on disk."""
