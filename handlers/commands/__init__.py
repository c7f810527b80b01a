"""The commands of `hero-onboarding`, a module each."""
