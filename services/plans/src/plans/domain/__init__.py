"""What plans, money and schedules mean: plain Python, no database, no clock, no HTTP."""
