"""What pages say about verification: slug → sentence."""

from markupsafe import Markup

ERRORS = {
    "kyc_completed": Markup('You are verified already. <a href="/plans">Plans and machines</a> are open to you.'),
    "kyc_unavailable": "The verification provider does not answer at the moment. Nothing was begun; try again in a "
    "minute.",
    "kyc_refused": "The verification provider did not accept the request. Nothing was begun; tell the operator of this "
    "site.",
    "kyc_too_often": "You started very often today. Try again tomorrow, or ask the operator of this site.",
}

SLUGS = {"provider_unavailable": "kyc_unavailable", "provider_refused": "kyc_refused", "rate_limited": "kyc_too_often"}
"""What is said of an error here; others have these sentences of their own for payments."""
