"""Console: the web page before the people; reads the other services over HTTP."""
