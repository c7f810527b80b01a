"""JSON-RPC: methods, dispatch, wiring of handlers, CRUD."""
