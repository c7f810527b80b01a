"""`python -m handlers` is `hero-onboarding`."""

from handlers.cli import main

main(prog_name="hero-onboarding")
