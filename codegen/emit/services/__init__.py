"""The interfaces that handlers implement."""
