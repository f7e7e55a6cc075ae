"""AWS Lambda on the loopback: execution environments and the two ways to invoke a function."""
