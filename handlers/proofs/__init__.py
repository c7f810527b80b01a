"""Proofs: what a user was charged, from the signed line to the signed root of the ledger, to be checked offline."""
