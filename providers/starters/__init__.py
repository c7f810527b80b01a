"""What the projects of new plugins are made from (`oschema new --plugin`)."""

from pathlib import Path

from codegen.runtime.plugins.starter import Starter

PAYMENT = Starter(Path(__file__).parent / "payment")
KYC = Starter(Path(__file__).parent / "kyc")
PROVISIONER = Starter(Path(__file__).parent / "provisioner")
FORGE = Starter(Path(__file__).parent / "forge")
