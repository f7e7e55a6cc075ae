"""sre-cli: the command line of the SRE Operations Assistant."""
