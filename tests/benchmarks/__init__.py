"""Benchmarks: what things cost, each beside its raw limit measured in the same run. `make bench` prints them."""
