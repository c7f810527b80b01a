"""Commands of the login."""

COMMANDS = {
    "apikey": "Make, list and revoke API keys.",
    "login": "Sign in to a site with a Mycelium key.",
}
