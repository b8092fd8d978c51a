"""What the end-to-end tests stand on: real programs, started on free ports and ended again."""
