"""The task queue of several machines: pieces of jobs, kept in PostgreSQL by procrastinate and taken by workers."""

from handlers.work.queue.queue import Queue

__all__ = ["Queue"]
