"""What the integration and attack tests share. Python's standard library and programs from apt."""
