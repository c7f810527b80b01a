"""The one table of diagnostics: every rule a schema can break, by code.

OS0xx files and bytes, OS1xx syntax, OS2xx names and types, OS3xx notes, fields and defaults, OS4xx services, errors
and webhooks, OS5xx lint, OS6xx breaking changes, OS7xx generated files and migrations.
"""

from codegen.source.catalog_change_fields import *  # noqa: F403
from codegen.source.catalog_change_laws import *  # noqa: F403
from codegen.source.catalog_change_methods import *  # noqa: F403
from codegen.source.catalog_change_objects import *  # noqa: F403
from codegen.source.catalog_change_others import *  # noqa: F403
from codegen.source.catalog_change_types import *  # noqa: F403
from codegen.source.catalog_generate import *  # noqa: F403
from codegen.source.catalog_lint import *  # noqa: F403
from codegen.source.catalog_migrations import *  # noqa: F403
from codegen.source.catalog_names import *  # noqa: F403
from codegen.source.catalog_notes import *  # noqa: F403
from codegen.source.catalog_services import *  # noqa: F403
from codegen.source.catalog_syntax import *  # noqa: F403
from codegen.source.diagnostics import Rule

RULES: dict[str, Rule] = {rule.code: rule for rule in list(globals().values()) if isinstance(rule, Rule)}
