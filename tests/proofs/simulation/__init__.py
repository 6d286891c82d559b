"""Clients, a network, a server and their clock in one process, driven by one seed."""
