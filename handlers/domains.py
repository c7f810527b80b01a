"""The list of domains: the one place that names them. A new domain is a folder of `handlers/` and a line here.

Each stands behind those whose shared objects it uses. Nothing is imported here, so that commands start quickly.
"""

DOMAINS = (
    "handlers.identity",
    "handlers.admin",
    "handlers.ledger",
    "handlers.prices",
    "handlers.usage",
    "handlers.plans",
    "handlers.notices",
    "handlers.payments",
    "handlers.kyc",
    "handlers.vms",
    "handlers.rebuild",
    "handlers.node",
    "handlers.checkpoints",
    "handlers.proofs",
    "handlers.work",
    "handlers.home",
)
