-- Runs in one transaction with foreign keys off (`PRAGMA foreign_keys = OFF` before it begins).


