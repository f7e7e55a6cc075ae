"""Pure domain: values and rules. Nothing here does I/O, reads a clock or imports a third party."""
