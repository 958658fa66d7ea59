"""Sigma rules over flat events: parse → map to our fields → index → evaluate. Pure: no I/O but loading data files."""
