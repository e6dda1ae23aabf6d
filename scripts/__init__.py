"""What operators run: the command line, the demo, the benchmark."""
