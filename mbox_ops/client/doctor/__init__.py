"""`mbox doctor` on the client's side: is the service reached, trusted and usable, and what waits on this machine?"""
