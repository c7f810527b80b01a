"""Verification of people: attempts at a KYC provider, what it decides, and what follows from that."""
