"""What cases keeps: tables, how they are loaded and saved, and which locks protect them."""
