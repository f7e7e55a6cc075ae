"""AWS Lambda on the loopback: execution environments and the ways to invoke a function."""
