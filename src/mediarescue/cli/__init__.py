"""The command line: arguments in, events and results rendered, exceptions turned into sentences and exit codes."""
