"""One file for each thing that can happen. Each runs inside its caller's transaction."""
