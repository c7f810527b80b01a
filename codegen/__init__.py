"""oschema: one schema language, and the generator that turns it into models, tables, routes, clients and documents."""
