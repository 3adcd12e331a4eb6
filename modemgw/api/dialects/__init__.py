"""The APIs of others, for programs that speak them: each a thin skin over the core."""
