"""The plumbing every service of Doorstep stands on; it knows no word of debtors or contact."""
