"""The double-entry ledger: pure rules of posting, the chain of hashes, and the audit."""
