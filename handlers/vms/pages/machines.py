"""`/vms`: a user's machines, starting one, releasing one, and the waiting list."""

from __future__ import annotations

from codegen.runtime.errors import DeclaredError, InvalidParams, NotFound, RateLimited
from codegen.runtime.rpc.method import Place, runs
from generated.models.onboarding import AllocationStatus
from generated.services.onboarding import VmService
from handlers.identity.secret import new_secret
from handlers.pages.page import Page, page
from handlers.pages.visit import PageContext, Visit
from handlers.vms.shown import MachinesShown

LONGEST_KEPT = 1000
"""So much of a refused key stands in the address, to be mended; a whole one of any usual kind fits."""
SLUGS = {"ssh_pub_key": "ssh_key_invalid", "sku": "sku_invalid", "form_token": "form_expired"}
"""What is said of a field that a call from outside could not have either."""


class MachinesPage(Page):
    """`GET /vms`."""

    def __init__(self, context: PageContext, machines: MachinesShown) -> None:
        super().__init__(context)
        self._machines = machines

    @page
    def on_get(self, visit: Visit) -> None:
        user = visit.require_user().user
        shown = self.context.database.run(lambda: self._machines.of(user.sid), write=False)
        visit.page(
            "vms.html",
            machines=shown,
            key=visit.query("ssh_pub_key")[:LONGEST_KEPT] or shown.last_key or "",
            wrong=visit.query("error") == "ssh_key_invalid",
            form_token=new_secret(),
        )


class VmAllocate(Page):
    """`POST /vm/allocate`: starts a machine."""

    def __init__(self, context: PageContext, machines: VmService) -> None:
        super().__init__(context)
        self._machines = machines

    @runs(Place.SLOW)  # the provisioner is called
    @page
    def on_post(self, visit: Visit) -> None:
        context = visit.context()
        fields = visit.form()
        key = fields.get("ssh_pub_key", "").strip()
        try:
            started = self._machines.allocate(
                context,
                sku=fields.get("sku") or None,
                ssh_pub_key=key or None,
                form_token=fields.get("form_token") or None,
            )
        except DeclaredError as error:
            visit.refuse("/vms", "vm_too_often" if isinstance(error, RateLimited) else error)
        except InvalidParams as error:
            kept = {"ssh_pub_key": key[:LONGEST_KEPT]} if key else {}
            visit.refuse("/vms", SLUGS.get(error.errors[0]["path"], "field_invalid"), kept)
        else:
            ready = started.status is AllocationStatus.ACTIVE
            visit.go("/vms", {"event": "vm_allocated" if ready else "vm_provisioning"})


class VmRelease(Page):
    """`POST /vm/release`: gives a machine up."""

    def __init__(self, context: PageContext, machines: VmService) -> None:
        super().__init__(context)
        self._machines = machines

    @runs(Place.SLOW)  # the provisioner is called
    @page
    def on_post(self, visit: Visit) -> None:
        context = visit.context()
        fields = visit.form()
        try:
            self._machines.release(context, sid=fields.get("sid", ""))
        except InvalidParams:  # no sid at all
            raise NotFound from None
        except NotFound:
            raise
        except DeclaredError as error:
            visit.refuse("/vms", error)
        else:
            visit.go("/vms", {"event": "vm_released"})


class WaitLeave(Page):
    """`POST /vm/wait/leave`: waits no more."""

    def __init__(self, context: PageContext, machines: MachinesShown) -> None:
        super().__init__(context)
        self._machines = machines

    @page
    def on_post(self, visit: Visit) -> None:
        user = visit.require_user().user
        self._machines.leave(user.sid, visit.form().get("sid", ""))
        visit.go("/vms", {"event": "wait_left"})
