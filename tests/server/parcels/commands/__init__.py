"""Commands of parcels."""

COMMANDS = {"weigh-parcel": "Say what a parcel weighs."}
