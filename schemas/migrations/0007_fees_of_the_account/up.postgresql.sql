-- Runs in one transaction.


