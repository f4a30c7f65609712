"""What contact-rules does about each thing that can happen, one function each."""
