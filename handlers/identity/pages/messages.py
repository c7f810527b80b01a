"""What pages say about the login: slug → sentence."""

from handlers.domain import Tone

ERRORS = {
    "unauthorized": "Sign in first.",
    "bad_request": "We could not read that. Give your public key (64 characters) or your Mycelium address.",
    "address_key_mismatch": "That key does not belong to that address. Check both with mycelium inspect.",
    "key_mismatch": "This address is known with another key. If you changed your key, write to the operator.",
    "public_key_required": "We do not know this address yet. Give its public key; mycelium inspect shows it.",
    "mycelium_unavailable": "We cannot send a message to your node at the moment. Use the login program instead.",
    "proof_failed": "That did not work: the link, answer or code is wrong, too old or already used. Start again.",
}

EVENTS: dict[str, tuple[Tone, str]] = {
    "signed_in": ("good", "You are signed in."),
    "signed_out": ("good", "You are signed out. See you soon."),
    "signed_out_everywhere": ("good", "You are signed out on every device."),
    "session_ended": ("good", "That session is ended. Whoever used it has to sign in again."),
}
