"""Objects in a database: statements, stores, paging, migrations."""
