"""The OpenRPC document and its examples."""
