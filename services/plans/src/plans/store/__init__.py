"""Tables, load and save, locks. The account's row is the lock for all that is about the account."""
