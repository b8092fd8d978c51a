"""What bench/run is made of: servers to start, tools to drive, figures to keep."""
