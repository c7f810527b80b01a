"""Checkpoints: the ledger's entries as leaves of a Merkle tree, whose root is signed every day."""
