"""The runtime: reads a compiled bundle, verifies it and runs it. It never imports the compiler."""
