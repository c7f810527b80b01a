"""Commands of the whole product."""

COMMANDS = {
    "check-prod-config": "List every setting that must not go into production as it is.",
    "demo": "Start the site and the payment sandbox with demo data, and print how to sign in.",
    "migrate": "Bring the database to this program's version.",
    "plugins": "List the installed providers.",
    "sandbox": "Stand in for the payment vendors, with every failure to switch on.",
    "settings": "List every setting, its value and where that comes from.",
    "serve": "Serve the site: pages, JSON-RPC, webhooks, health, metrics.",
}
