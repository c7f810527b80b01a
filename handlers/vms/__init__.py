"""Machines of users: allocated within their plan, followed up until the provisioner and our rows agree."""
