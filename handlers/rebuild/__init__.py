"""Compute the ledger anew from what caused it, in a fresh database, and compare."""
