"""The REST API: handlers parse, call the gateway and render; nothing else."""
