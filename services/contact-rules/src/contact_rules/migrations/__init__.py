"""The schema of contact-rules, step by step."""
