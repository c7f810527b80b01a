"""The application over HTTP: routes, serving, metrics, logs."""
