"""A stand-in for the vendors, over the wire and by their contracts: hosted pages, signed webhooks, every failure.

Nothing in it is shared with the providers' code, which cannot tell it from the vendor but by base URL.
"""
