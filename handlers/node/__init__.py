"""What a node runs: it writes down usage so that nothing is lost or written twice, and pushes it, signed.

Light on purpose, for machines that are let to others: the log needs nothing but the standard library, the git side
PyNaCl and pygit2.
"""
