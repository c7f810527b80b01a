"""The commands of `oschema`, one module each; `codegen.cli` loads a module only when its command is asked for."""
