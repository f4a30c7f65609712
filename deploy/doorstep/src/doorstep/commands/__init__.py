"""The commands of `doorstep`, one file per subject."""
