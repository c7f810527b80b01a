"""Reference pages, rendered from `openrpc.json` and `schema.json` when they are asked for."""
