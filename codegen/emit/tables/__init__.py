"""Peewee tables, typed inputs and the declarations the store works from."""
